// What the server answers, and how it is asked.

import { t } from "./texts";

export interface Picture { id: string; width: number; height: number; photograph: boolean; name?: string }
export interface Reference { picture?: string | null; words?: string | null; recipe?: string | null; card?: string | null; weight: number }
export type Value = number | string | boolean | null;
export interface Wanted {
  model: string;
  content: string | null;
  shows?: Reference[];
  styles: Reference[];
  dials: Record<string, Value>;
  size: number | null;
  count: number;
  preview?: boolean;
  mask?: string | null;
  protect?: string | null;
  finish?: string;
  colors?: number | null;
  palette?: string | null;
  ground?: string;
  lean?: Record<string, number>;
  icons?: IconSet | null;
  cells?: Cell[];
}
export interface IconSet { icons: { picture: string; name: string }[]; colors?: number | null; palette?: string | null; flat?: boolean; ground?: string }
export interface Cell { dials?: Record<string, Value>; weights?: number[] | null; lean?: Record<string, number> }
export interface Dial {
  name: string;
  help: string;
  kind: "number" | "choice" | "switch";
  low: number;
  high: number;
  step: number;
  unit: string;
  choices: string[];
}
export interface Model {
  name: string;
  size: number;
  words: boolean;
  content_map: boolean;
  guide: boolean;
  directions: string[];
  dials: Record<string, Value>;
  strength: [number, number][];
}
export interface Setup { version: string; dials: Dial[]; models: Model[]; limits: Record<string, number>; search: number; /** Why nothing can be taught here, or "". */ teaching: string }
export interface JobState {
  job: string;
  state: "waiting" | "drawing" | "done" | "failed" | "cancelled";
  preview: boolean;
  done: number;
  total: number;
  ahead: number;
  seconds: number;
  left: number | null;
  numbers: number[];
  pictures: number;
  differs: number | null;
  error: string;
}
export interface Drawn { number: number; wanted: Wanted; seconds: number; at: string; favourite: boolean }
export interface Lying { name: string; file: string }
export interface Library { content: Picture[]; style: Picture[]; folder: Lying[] }
export interface Hit { name?: string; number?: number; file: string; score: number; style: number | null; content: number | null }
export interface Card { id: string; name: string }
export interface Lineage { parents: number[]; children: number[] }
export interface Outlier { name: string; measure: string; value: number; usual: number }
export interface SetIcon { name: string; picture: string; number: number | null; error: string }
export interface SetTold {
  job: string;
  wanted: Wanted;
  icons: SetIcon[];
  palette: string[];
  consistency: { score: number; outliers: Outlier[] } | null;
  references: { score: number } | null;
}
export interface Recalled { wanted: Wanted; known: boolean; notes: string[] }

export class Refused extends Error {
  constructor(readonly status: number, line: string) {
    super(line);
  }
}

async function ask<T>(method: string, path: string, body?: BodyInit, type?: string): Promise<T> {
  const reply = await fetch(`/api/${path}`, { method, body, headers: type ? { "content-type": type } : {} });
  if (reply.status === 204) return undefined as T;
  const told = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(reply.status, typeof told.detail === "string" ? told.detail : reply.statusText);
  return told as T;
}

const json = "application/json";
const file = "application/octet-stream";
const client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);

const overHttp = {
  setup: () => ask<Setup>("GET", "dials"),
  library: () => ask<Library>("GET", "library"),
  give: (data: Blob) => ask<Picture>("POST", "pictures", data, file),
  take: (name: string) => ask<Picture>("POST", `library/${name}`, ""),
  recall: (data: Blob) => ask<Recalled>("POST", "recall", data, file),
  order: (wanted: Wanted, part = "") => ask<JobState>("POST", "jobs", JSON.stringify({ wanted, client: client + part }), json),
  teach: (teach: string, name: string, pictures: string[]) => ask<JobState>("POST", "jobs/teach", JSON.stringify({ teach, name, pictures }), json),
  suited: (asked: { model?: string; content: string | null; styles: readonly Reference[] }) => ask<{ model: string; far: boolean }>("POST", "suited", JSON.stringify(asked), json),
  again: (picture: string) => ask<JobState>("POST", "jobs/again", JSON.stringify({ picture }), json),
  about: (picture: string) => ask<Picture>("GET", `pictures/${picture}/about`),
  state: (job: string) => ask<JobState>("GET", `jobs/${job}`),
  cancel: (job: string) => ask<JobState>("DELETE", `jobs/${job}`),
  history: (find: string, favourite: boolean, before?: number) =>
    ask<{ drawn: Drawn[] }>("GET", `history?most=40&favourite=${favourite}&find=${encodeURIComponent(find)}${before ? `&before=${before}` : ""}`),
  favourite: (number: number, on: boolean) => ask<void>(on ? "POST" : "DELETE", `history/${number}/favourite`, on ? "" : undefined),
  lineage: (number: number) => ask<Lineage>("GET", `history/${number}/lineage`),
  made: (number: number) => ask<Picture>("POST", `history/${number}/picture`, ""),
  sets: () => ask<{ sets: { job: string; at: string; icons: number }[] }>("GET", "sets"),
  set: (job: string) => ask<SetTold>("GET", `sets/${job}`),
  cards: () => ask<{ cards: Card[] }>("GET", "cards"),
  saveCard: (name: string, model: string, styles: readonly Reference[]) => ask<Card>("POST", "cards", JSON.stringify({ name, model, styles }), json),
  code: (model: string, styles: readonly Reference[]) => ask<{ code: string; cosine: number }>("POST", "cards/code", JSON.stringify({ name: "code", model, styles }), json),
  fromCode: (code: string, model: string) => ask<Card>("POST", "cards", JSON.stringify({ name: code.slice(0, 8), model, code }), json),
  giveCard: (data: Blob, name: string) => ask<Card>("POST", `cards/file?name=${encodeURIComponent(name.slice(0, 80) || "card")}`, data, file),
  forgetCard: (card: string) => ask<void>("DELETE", `cards/${card}`),
  forget: (number: number) => ask<void>("DELETE", `history/${number}`),
  search: (sought: object) => ask<{ hits: Hit[] }>("POST", "search", JSON.stringify(sought), json),
};

const served = {
  thumb: (picture: string) => `/api/pictures/${picture}`,
  lying: (name: string) => `/api/library/${name}`,
  drawn: (number: number) => `/api/history/${number}`,
  small: (number: number) => `/api/history/${number}/thumb`,
  look: (job: string, place = 0) => `/api/jobs/${job}/look?place=${place}`,
  large: (picture: string) => `/api/pictures/${picture}/large`,
  card: (card: string) => `/api/cards/${card}/thumb`,
  cardFile: (card: string) => `/api/cards/${card}`,
  zip: (job: string) => `/api/sets/${job}/zip`,
};

/** Follow a job until it is over; a lost connection is taken up again by the browser, a lost job is told as failed. */
function followed(job: string, tell: (state: JobState) => void): () => void {
  const events = new EventSource(`/api/jobs/${job}/events`);
  let last: JobState = { job, state: "waiting", preview: false, done: 0, total: 1, ahead: 0, seconds: 0, left: null, numbers: [], pictures: 0, differs: null, error: "" };
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) tell({ ...last, state: "failed", error: t.noAnswer });
  };
  events.onmessage = (event) => {
    const state = (last = JSON.parse(event.data) as JobState);
    if (["done", "failed", "cancelled"].includes(state.state)) events.close();
    tell(state);
  };
  return () => events.close();
}

export interface Backend { api: typeof overHttp; address: typeof served; follow: typeof followed }

export let { api, address, follow }: Backend = { api: overHttp, address: served, follow: followed };
/** Whether the page is by itself, without a server: what only that could do is then not shown. */
export let isAlone = false;

/** Let something else than a server answer. */
export function answeredBy(backend: Backend): void {
  ({ api, address, follow } = backend);
  isAlone = true;
}
