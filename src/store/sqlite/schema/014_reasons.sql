-- Why a look could not judge, in English too: the desk speaks both languages.
ALTER TABLE looks ADD COLUMN reason_en TEXT;
