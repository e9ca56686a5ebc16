import { administration } from '@/features/administration';
import { operator } from '@/features/operator';
import { platform } from '@/features/platform';
import { review } from '@/features/review';
import { supervisor } from '@/features/supervisor';
import type { Feature } from './feature';

/** All parts of the desk, in the order of the navigation. */
export const FEATURES: readonly Feature[] = [review, operator, supervisor, platform, administration];
