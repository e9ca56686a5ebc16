// The words of the reviewer's screens, by the names that the API's document gives them.
import type { Schemas } from '@/api/client';

export type IncidentOut = Schemas['IncidentOut'];
export type RejectReason = Schemas['RejectReason'];
export type LockOut = Schemas['LockOut'];
export type QueueItemOut = Schemas['QueueItemOut'];
export type QueueOut = Schemas['QueueOut'];
export type NextOut = Schemas['NextOut'];
export type PictureOut = Schemas['PictureOut'];
export type IncidentDetailOut = Schemas['IncidentDetailOut'];
export type SimilarOut = Schemas['SimilarOut'];
export type ClusterOut = Schemas['ClusterOut'];
export type DecidedOut = Schemas['DecidedOut'];

/** The pictures that are looked at, in the order of time. */
export type PictureRole = 'first' | 'middle' | 'latest';

/** A verdict after which an incident waits no longer. One that is reclassified waits on under its other matter. */
export type Given = Opinion | { verdict: 'duplicate'; of: string };

/** What can be said about an incident alone. */
export type Opinion = { verdict: 'confirmed' } | { verdict: 'rejected'; reason: RejectReason };

/** Reasons to reject in the order of their digits. */
export const REASONS: readonly RejectReason[] = ['wrong_object', 'lawful', 'passing', 'wrong_zone', 'unclear', 'other'];

export interface QueueFilter {
  matter: string | null;
  area: string | null;
}
