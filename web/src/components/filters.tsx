// What narrows a list down: chosen here, kept in the address, so that a narrowed page can be sent to a colleague.
import { Group, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

/** The address, and a way to set some of its values; null takes one away. */
export function useAddress(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const [address, setAddress] = useSearchParams();
  const set = (changes: Record<string, string | null>) =>
    setAddress(
      (before) => {
        for (const [name, value] of Object.entries(changes)) {
          if (value) before.set(name, value);
          else before.delete(name);
        }
        return before;
      },
      { replace: true },
    );
  return [address, set];
}

/** Filters beside each other, found by screen readers as a search. */
export function Filters({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group gap="xs" align="flex-end" role="search" aria-label={label}>
      {children}
    </Group>
  );
}

interface ChoiceProps {
  label: string;
  /** What is said where nothing is chosen. */
  all: string;
  options: readonly (string | { value: string; label: string })[];
  value: string | null;
  onChoose: (value: string | null) => void;
  /** Whether letters narrow the options down. */
  isSearched?: boolean;
}

/** One of several, or all of them. */
export function FilterChoice({ label, all, options, value, onChoose, isSearched = false }: ChoiceProps) {
  const { t } = useTranslation();
  return (
    <Select
      size="xs"
      w={180}
      label={label}
      placeholder={all}
      clearable
      clearButtonProps={{ 'aria-label': t('clear') }}
      searchable={isSearched}
      data={[...options]}
      value={value}
      onChange={onChoose}
    />
  );
}
