// The words of everything that the server may refuse, by its codes. Types and a test hold them to the API's document.
import type { components } from '@/api/schema';
import en from './en.json';
import zh from './zh-CN.json';

type Schemas = components['schemas'];
type Texts<Code extends string> = Record<Code, string>;

interface Refusals {
  refusal: Texts<Schemas['Refusal']['code']>;
  want: Texts<Schemas['Want']['code']>;
  thing: Texts<Schemas['Thing']>;
  port: Texts<Schemas['Port']>;
  /** Fields of forms; what is not named here is told as the server calls it. */
  field: Record<string, string>;
}

export default { 'zh-CN': zh, en } satisfies Record<string, Refusals>;
