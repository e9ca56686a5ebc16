//! A platform that is away, slow, wrong or hostile loses no case, gets none twice and is not stormed.
