// What the reviewer's routes answer. By hand while the OpenAPI document lacks them.
import type { Schemas } from '@/api/client';

export type IncidentOut = Schemas['IncidentOut'];
export type RejectReason = Schemas['RejectReason'];
export type MomentOut = Schemas['MomentOut'];

export interface LockOut {
  /** Name for people. */
  by: string;
  mine: boolean;
  until: string;
}

export interface QueueItemOut {
  incident: IncidentOut;
  stream_name: string;
  view_name: string;
  area: string | null;
  address: string | null;
  grid_cell: string | null;
  review_due_at: string;
  /** Weight of the matter; more is more urgent. */
  level: number;
  /** The masked latest picture. */
  picture: string | null;
  lock: LockOut | null;
}

export interface QueueOut {
  items: QueueItemOut[];
  next?: string | null;
  /** How many wait under the same filter. */
  waiting: number;
}

export type PictureRole = 'first' | 'middle' | 'latest';

export interface PictureOut {
  role: PictureRole;
  masked: string | null;
  /** Whether the box is drawn into the masked copy already. */
  boxed: boolean;
  /** Null where the caller may not unmask. */
  original: string | null;
  /** Fractions of the picture's width and height. */
  bbox: number[] | null;
  width: number;
  height: number;
  wall: string | null;
  skew_ms: number | null;
}

export interface ZoneSeen {
  id: string;
  version: number;
  name: string;
  kind: Schemas['ZoneKind'];
  polygon: number[][];
  hours: Schemas['HoursJson'] | null;
}

export type IncidentDetailOut = Schemas['IncidentDetailOut'] & {
  area: string | null;
  matter_code_2026: string | null;
  matter_code_2013: string | null;
  level: number;
  review_due_at: string;
  limit_preview: { text: string; due_at: string } | null;
  zone: ZoneSeen | null;
  reference: string | null;
  dwell_s: number | null;
  lock: LockOut | null;
  undo_until: string | null;
  pictures: PictureOut[];
  clip: { url: string; seconds: number | null } | null;
};

export interface SimilarOut {
  here: QueueItemOut[];
  nearby: QueueItemOut[];
}

export interface ClusterOut {
  id: string;
  matter: string;
  matter_name: string;
  view_name: string;
  stream_name: string;
  incidents: QueueItemOut[];
  /** 0 to 1. */
  likeness: number;
}

/** A verdict after which an incident waits no longer. One that is reclassified waits on under its other matter. */
export type Given =
  { verdict: 'confirmed' } | { verdict: 'rejected'; reason: RejectReason } | { verdict: 'duplicate'; of: string };

export interface DecidedOut {
  incident: IncidentOut;
  undo_until: string | null;
}

export interface BulkDecidedOut {
  items: { incident: string; decided: boolean; undo_until: string | null; problem: Schemas['Problem'] | null }[];
}

/** Reasons to reject in the order of their digits. */
export const REASONS: readonly RejectReason[] = ['wrong_object', 'lawful', 'passing', 'wrong_zone', 'unclear', 'other'];

export interface QueueFilter {
  matter: string | null;
  area: string | null;
}
