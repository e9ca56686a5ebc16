import type { components } from './schema';

export type Fault = components['schemas']['Fault'];
/** A code of `refusal` or `want` with its parameters; a newer server may know codes that this page does not. */
export interface Said {
  code: string;
  params?: Record<string, unknown>;
}
type ProblemJson = components['schemas']['Problem'];

/** An answer of the server that is no success, or no answer at all (status 0). Carries the server's own words. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly faults: Fault[];
  /** Why, as a code with what belongs into the words; null where the server names none. */
  readonly refusal: Said | null;
  /** Seconds after which another try makes sense, where the server says so. */
  readonly retryAfterS: number | null;
  /** When it came, by this machine's clock. */
  readonly receivedAtMs = Date.now();

  constructor(json: Partial<ProblemJson> & { status: number }, retryAfterS: number | null = null) {
    super(json.detail ?? json.title ?? `HTTP ${json.status}`);
    this.name = 'Problem';
    this.status = json.status;
    this.type = json.type ?? 'about:blank';
    this.title = json.title ?? '';
    this.detail = json.detail ?? '';
    this.faults = json.faults ?? [];
    this.refusal = json.code ? (json as Said) : null;
    this.retryAfterS = retryAfterS;
  }

  /** Reads a problem from an answer; whatever the body is, a Problem comes out. */
  static async of(response: Response): Promise<Problem> {
    const after = Number(response.headers.get('retry-after'));
    const retryAfterS = response.headers.has('retry-after') && Number.isFinite(after) ? after : null;
    try {
      const json: unknown = await response.clone().json();
      const fields = typeof json === 'object' && json !== null ? (json as Partial<ProblemJson>) : {};
      return new Problem({ ...fields, status: response.status }, retryAfterS);
    } catch {
      return new Problem({ status: response.status }, retryAfterS);
    }
  }

  /** The network failed before an answer came. */
  static unreachable(): Problem {
    return new Problem({ status: 0 });
  }
}

export function isProblem(error: unknown, status?: number): error is Problem {
  return error instanceof Problem && (status === undefined || error.status === status);
}
