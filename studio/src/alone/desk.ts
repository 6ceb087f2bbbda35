// The studio without a server: a worker draws, and what would be a server's answers is kept here while the page is open.

import { Refused, type Backend, type Drawn, type JobState, type Picture, type Recalled, type Setup, type Wanted } from "../api";
import { t } from "../texts";
import { fromBase64, sha256, type Bytes } from "./bytes";
import type { Calls, Canvas, Made } from "./worker";
import { QUICK_STEPS } from "./recipe";
import type { ModelFacts } from "./wanted";

/** What the export tells: `alone.json` beside the page. */
interface Told { setup: Setup; facts: ModelFacts; content: Picture[]; style: Picture[]; bytes: number }
interface Job { state: JobState; wanted?: Wanted; again?: string; looks: string[]; tell: ((state: JobState) => void)[]; begun: number }
interface Kept extends Drawn { url: string; png: Bytes }

const DRAWN = 1024; // px, longer side at which an SVG is drawn

export async function alone(loading: (share: number) => void): Promise<Backend> {
  const base = new URL(".", document.baseURI).href;
  const told = (await (await fetch(`${base}alone.json`)).json()) as Told;
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, { done: (answer: never) => void; failed: (error: Error) => void }>();
  let calls = 0;
  const ask = <K extends keyof Calls>(call: K, ...asked: Parameters<Calls[K]>): Promise<Awaited<ReturnType<Calls[K]>>> => new Promise((done, failed) => {
    waiting.set(++calls, { done: done as (answer: never) => void, failed });
    worker.postMessage({ id: calls, call, asked });
  });
  worker.onmessage = ({ data }: MessageEvent<{ id?: number; answer?: never; wrong?: string; loaded?: number; job?: string; done?: number }>) => {
    if (data.loaded !== undefined) return loading(data.loaded < 0 ? 1 : Math.min(data.loaded / told.bytes, 0.99));
    if (data.job !== undefined) return heard(data.job, data.done!);
    const asked = waiting.get(data.id!);
    waiting.delete(data.id!);
    if (data.wrong !== undefined) asked?.failed(new Error(data.wrong));
    else asked?.done(data.answer!);
  };
  worker.onerror = () => waiting.forEach(({ failed }) => failed(new Error(t.noAnswer)));
  const threads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  await ask("open", base, threads, told.facts);
  ask("ready").catch((error: Error) => (console.error(error), loading(-1)));

  const urls = new Map<string, string>();
  const about = new Map<string, Picture>();
  const jobs = new Map<string, Job>();
  const line: Job[] = [];
  const history = new Map<number, Kept>();
  const numberOf = new Map<string, number>(); // of pictures that were made here
  let running: Job | undefined;

  async function give(data: Blob): Promise<Picture> {
    const bytes = new Uint8Array(await data.arrayBuffer());
    const id = sha256(bytes);
    if (about.has(id)) return about.get(id)!;
    const found = (await ask("give", bytes)) ?? (await ask("give", bytes, await drawnByCanvas(bytes)))!;
    const picture = { ...found, photograph: false };
    about.set(id, picture);
    urls.set(id, URL.createObjectURL(new Blob([bytes], { type: kindOf(bytes) })));
    return picture;
  }

  const kept = async (png: string | null): Promise<string | null> => (png ? (await give(new Blob([fromBase64(png)], { type: "image/png" }))).id : null);

  function heard(name: string, done: number): void {
    const job = jobs.get(name);
    if (!job || job !== running) return;
    const seconds = (performance.now() - job.begun) / 1000;
    update(job, { done, seconds, left: done ? (seconds / done) * (job.state.total - done) : null });
  }

  function update(job: Job, part: Partial<JobState>): void {
    job.state = { ...job.state, ...part };
    job.tell.forEach((tell) => tell(job.state));
  }

  function queued(part: Partial<Job>, total: number, preview: boolean): JobState {
    const state: JobState = { job: crypto.randomUUID?.() ?? String(Math.random()), state: "waiting", preview, done: 0, total, ahead: line.length, seconds: 0, left: null, numbers: [], pictures: 0, differs: null, error: "" };
    const job: Job = { looks: [], tell: [], begun: 0, ...part, state };
    jobs.set(state.job, job);
    if (preview) {
      [...line, running].forEach((other) => other?.state.preview && end(other.state.job));
      line.unshift(job);
    } else line.push(job);
    void next();
    return job.state;
  }

  function end(name: string): JobState {
    const job = jobs.get(name)!;
    const place = line.indexOf(job);
    if (place >= 0) line.splice(place, 1);
    if (job === running) void ask("cancel", name);
    if (["waiting", "drawing"].includes(job.state.state)) update(job, { state: "cancelled" });
    return job.state;
  }

  async function next(): Promise<void> {
    if (running || !line.length) return;
    const job = (running = line.shift()!);
    job.begun = performance.now();
    update(job, { state: "drawing" });
    const name = job.state.job;
    try {
      if (job.again) {
        const { png, differs } = await ask("again", name, job.again);
        job.looks.push(url(png));
        if (job.state.state === "drawing") update(job, { state: "done", differs });
      } else {
        const made = await ask("draw", name, job.wanted!);
        const seconds = (performance.now() - job.begun) / 1000;
        if (job.state.preview) job.looks.push(url(made[0].png));
        if (job.state.state === "drawing") update(job, { state: "done", seconds, done: job.state.total, pictures: made.length, numbers: job.state.preview ? [] : made.map((one) => keep(one, job.wanted!, seconds)) });
      }
    } catch (error) {
      if (job.state.state === "drawing") update(job, { state: "failed", error: (error as Error).message });
    }
    running = undefined;
    void next();
  }

  const url = (png: Bytes): string => URL.createObjectURL(new Blob([png], { type: "image/png" }));

  function keep({ png, seed }: Made, wanted: Wanted, seconds: number): number {
    const number = Math.max(0, ...history.keys()) + 1;
    const alone_ = { ...wanted, count: 1, dials: { ...wanted.dials, seed, fresh: wanted.count > 1 || wanted.dials.fresh === true } };
    history.set(number, { number, wanted: alone_, seconds, at: new Date().toISOString(), favourite: false, png, url: url(png) });
    return number;
  }

  async function recall(data: Blob): Promise<Recalled> {
    const bytes = new Uint8Array(await data.arrayBuffer());
    const found = await ask("recall", bytes);
    const id = sha256(bytes);
    urls.set(id, url(bytes));
    about.set(id, { id, width: 0, height: 0, photograph: false });
    const [content, mask, protect] = await Promise.all([found.content, found.mask, found.protect].map(kept));
    const size = content ? Math.max(about.get(content)!.width, about.get(content)!.height) : null;
    const wanted: Wanted = { model: told.setup.models[0].name, content, mask, protect, styles: [{ recipe: id, weight: 1 }], dials: { ...found.recipe.dials }, size, count: 1, finish: "none" };
    return { wanted, known: false, notes: found.recipe.ground || found.recipe.finish ? [t.aloneFinished] : [] };
  }

  const mentioned = ({ content, styles, mask, protect }: Wanted): (string | null | undefined)[] => [content, mask, protect, ...styles.map((one) => one.picture ?? one.recipe)];
  const shownFirst = async (pictures: Picture[]): Promise<Picture[]> => Promise.all(pictures.map(async (one) => ({ ...(await give(await (await fetch(`${base}examples/${one.name!}`)).blob())), name: one.name })));
  const absent = (): Promise<never> => Promise.reject(new Error(t.notAlone));
  const look = (job: string, place = 0): string => jobs.get(job)?.looks[place] ?? "";
  const at = (id: string): string => urls.get(id) ?? "";

  return {
    api: {
      setup: async () => told.setup,
      library: async () => ({ content: await shownFirst(told.content), style: await shownFirst(told.style), folder: [] }),
      give,
      recall,
      order: async (wanted) => {
        for (const id of mentioned(wanted)) if (id && !urls.has(id)) throw new Refused(422, `the picture ${id} is not here any more`);
        const steps = Number(wanted.dials.steps ?? told.facts.own.steps);
        return queued({ wanted }, (wanted.preview ? Math.min(steps, QUICK_STEPS) : steps) * wanted.count, !!wanted.preview);
      },
      suited: async ({ styles }) => ({ model: told.setup.models[0].name, far: styles.some((one) => one.weight > 0) && (await ask("far", [...styles])) }),
      again: async (picture) => queued({ again: picture }, 1, true),
      about: async (picture) => about.get(picture) ?? absent(),
      state: async (job) => jobs.get(job)?.state ?? absent(),
      cancel: async (job) => end(job),
      history: async (find, favourite, before = Infinity) => ({
        drawn: [...history.values()].filter((one) => one.number < before && (!favourite || one.favourite) && JSON.stringify(one.wanted.dials).replaceAll('"', "").includes(find)).reverse().slice(0, 40),
      }),
      favourite: async (number, on) => void (history.get(number)!.favourite = on),
      lineage: async (number) => {
        const parents = mentioned(history.get(number)!.wanted).map((id) => numberOf.get(id ?? "")).filter((one) => one !== undefined);
        const children = [...history.values()].filter(({ wanted }) => mentioned(wanted).some((id) => numberOf.get(id ?? "") === number)).map((one) => one.number);
        return { parents, children };
      },
      made: async (number) => {
        const picture = await give(new Blob([history.get(number)!.png], { type: "image/png" }));
        numberOf.set(picture.id, number);
        return picture;
      },
      forget: async (number) => void history.delete(number),
      cards: async () => ({ cards: [] }),
      sets: async () => ({ sets: [] }),
      take: absent, teach: absent, set: absent, saveCard: absent, code: absent, fromCode: absent, giveCard: absent, forgetCard: absent, search: absent,
    },
    address: {
      thumb: at, large: at, look, lying: at, card: at, cardFile: at, zip: at,
      drawn: (number) => history.get(number)?.url ?? "",
      small: (number) => history.get(number)?.url ?? "",
    },
    follow(job, tell) {
      const { tell: all, state } = jobs.get(job)!;
      all.push(tell);
      queueMicrotask(() => all.includes(tell) && tell(jobs.get(job)?.state ?? state));
      return () => void all.splice(all.indexOf(tell), 1);
    },
  };
}

/** The pixels of any picture that this browser shows, upright and in sRGB; an SVG as the browser draws it. */
async function drawnByCanvas(bytes: Bytes): Promise<Canvas> {
  const address = URL.createObjectURL(new Blob([bytes], { type: kindOf(bytes) }));
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error(t.notAPicture);
  } finally {
    URL.revokeObjectURL(address);
  }
  const [wide, high] = [image.naturalWidth || DRAWN, image.naturalHeight || DRAWN];
  const scale = kindOf(bytes) === "image/svg+xml" ? DRAWN / Math.max(wide, high) : Math.min(1, Math.sqrt(50e6 / (wide * high)));
  const [width, height] = [Math.max(1, Math.round(wide * scale)), Math.max(1, Math.round(high * scale))];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { colorSpace: "srgb" })!;
  context.drawImage(image, 0, 0, width, height);
  return { data: context.getImageData(0, 0, width, height).data, width, height };
}

function kindOf(bytes: Uint8Array): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 512));
  if (start.startsWith("PNG", 1)) return "image/png";
  if (start.startsWith("\xff\xd8")) return "image/jpeg";
  if (start.startsWith("RIFF")) return "image/webp";
  if (start.startsWith("GIF8")) return "image/gif";
  return /<(\?xml|!--|!doctype svg|svg)/i.test(start) ? "image/svg+xml" : "";
}
