import { renderHook } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import i18n from '@/i18n';
import { useLimitText } from './limit';

afterEach(() => i18n.changeLanguage('zh-CN'));

it('says a limit in the chosen language and leaves alone what it does not know', async () => {
  const { result } = renderHook(() => useLimitText());
  expect(result.current('2 紧急工作时')).toBe('2 紧急工作时');
  await i18n.changeLanguage('en');
  const english = renderHook(() => useLimitText()).result.current;
  expect(['2 工作时', '1 工作日', '4 紧急工作日', '24 紧急工作时'].map(english)).toEqual([
    '2 working hours',
    '1 working day',
    '4 urgent days',
    '24 urgent hours',
  ]);
  expect(['当日', '', '3 旬', '3 constructor'].map(english)).toEqual(['当日', '', '3 旬', '3 constructor']);
});
