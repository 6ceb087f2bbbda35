// What draws: the bundle's networks, and all between them, beside the page.

import type { Reference, Wanted } from "../api";
import { base64, sha256, type Bytes } from "./bytes";
import { fetched, Networks, Weights } from "./networks";
import { Painter, type Manifest, type Progress } from "./painter";
import { decodePng, encodePng } from "./png";
import { fromBytes, raster, showsNothing, type Raster } from "./raster";
import { parsed, pictureOf, recipeOf, written, type Recipe } from "./recipe";
import { checked, Orders, type Given, type ModelFacts } from "./wanted";

/** Pixels that a canvas has drawn, for files that no code here reads. */
export interface Canvas { data: Uint8ClampedArray; width: number; height: number }
export interface Made { png: Bytes; recipe: string; seed: number | string }
export interface Recalled { recipe: Recipe; content: string | null; mask: string | null; protect: string | null }
export interface Same { png: Bytes; differs: number }

const pictures = new Map<string, Given>();
const cancelled = new Set<string>();
let tools: Promise<{ painter: Painter; orders: Orders; known: Float32Array; near: number }> | undefined;
let facts: ModelFacts;

const channel = new MessageChannel();
const resting: (() => void)[] = [];
channel.port1.onmessage = () => resting.shift()?.();
/** Let messages in, such as that a job is cancelled. */
const breathe = (): Promise<void> => new Promise((go) => (resting.push(go), channel.port2.postMessage(0)));

function given(id: string): Given {
  const picture = pictures.get(id);
  if (!picture) throw new Error(`the picture ${id.slice(0, 12)} is not here any more: give it again`);
  return picture;
}

async function opened(base: string, threads: number): Promise<{ painter: Painter; orders: Orders; known: Float32Array; near: number }> {
  let bytes = 0;
  const told = (more: number): void => postMessage({ loaded: (bytes += more) });
  const [networks, manifest, space] = await Promise.all([
    Networks.open(`${base}runtime/`, `${base}model/`, threads, told), fetch(`${base}model/bundle.json`).then((reply) => reply.json() as Promise<Manifest>),
    fetched(`${base}model/space.safetensors`).then((file) => new Weights(file), () => undefined),
  ]);
  const painter = new Painter(manifest, networks);
  for (const component of ["style", "encode", "content", "content_map", "project", "denoise", "decode"] as const) {
    if (component === "content_map" && !manifest.content_map) continue;
    await networks.session(component);
    await breathe();
  }
  const floats = (name: string): Float32Array => (space ? new Float32Array(space.of(name).buffer) : new Float32Array());
  postMessage({ loaded: -1 });
  return { painter, orders: new Orders(painter, manifest, facts, given), known: floats("known"), near: space ? floats("near")[0] : -2 };
}

const progress = (job: string, before: number): Progress => async (done) => {
  postMessage({ job, done: before + done });
  await breathe();
  if (cancelled.has(job)) throw new Error("cancelled");
};

const calls = {
  open(base: string, threads: number, told: ModelFacts): void {
    facts = told;
    tools = opened(base, threads);
  },

  async ready(): Promise<void> {
    await tools;
  },

  /** Keep a picture; nothing where its file has to be drawn by a canvas first. */
  async give(bytes: Bytes, canvas?: Canvas): Promise<{ id: string; width: number; height: number } | undefined> {
    const id = sha256(bytes);
    const pixels = canvas ? drawn(canvas) : await decodePng(bytes).catch(() => undefined);
    if (!pixels) return undefined;
    if (!pictures.has(id)) pictures.set(id, { bytes, pixels: checked(pixels) });
    return { id, width: pixels.width, height: pixels.height };
  },

  async draw(job: string, wanted: Wanted): Promise<Made[]> {
    const { painter, orders } = await tools!;
    const first = await orders.recipe(wanted);
    const made: Made[] = [];
    for (let number = 0; number < (wanted.preview ? 1 : wanted.count); number++) {
      const seed = BigInt(first.dials.seed) + BigInt(number);
      const recipe = { ...first, dials: { ...first.dials, seed: seed < 2n ** 53n ? Number(seed) : String(seed) } };
      made.push(await painted(painter, recipe, progress(job, number * recipe.dials.steps)));
    }
    return made;
  },

  /** A recipe as text, drawn. */
  async paint(text: string): Promise<Made> {
    const { painter, orders } = await tools!;
    return painted(painter, orders.own(await parsed(text)), async () => breathe());
  },

  cancel(job: string): void {
    cancelled.add(job);
  },

  /** A file of ours drawn again, and the pixels that differ, white on black. */
  async again(job: string, id: string): Promise<Same> {
    const { painter, orders } = await tools!;
    const recipe = orders.own(await recipeOf(given(id).bytes));
    const { pixels, rgba } = await painter.paint(recipe, progress(job, 0));
    const [made, before] = [rgba ?? pixels, given(id).pixels];
    const like = made.width === before.width && made.height === before.height && made.channels === before.channels;
    const shown = raster(made.height, made.width, 3);
    let differs = 0;
    for (let i = 0; i < made.height * made.width; i++) {
      const same = like && Array.from({ length: made.channels }, (_, c) => made.channels * i + c).every((at) => Math.round(255 * made.data[at]) === Math.round(255 * before.data[at]));
      if (same) continue;
      differs++;
      shown.data.fill(1, 3 * i, 3 * i + 3);
    }
    return { png: await encodePng(shown), differs };
  },

  async recall(bytes: Bytes): Promise<Recalled> {
    const { orders } = await tools!;
    const recipe = orders.own(await recipeOf(bytes));
    const kept = async (png: string | null): Promise<string | null> => {
      if (!png) return null;
      const pixels = await pictureOf(png);
      if (showsNothing(pixels)) return null;
      const file = await encodePng(pixels);
      pictures.set(sha256(file), { bytes: file, pixels });
      return base64(file);
    };
    pictures.set(sha256(bytes), { bytes, pixels: (await decodePng(bytes).catch(() => undefined)) ?? (await pictureOf(recipe.content.picture)) });
    return { recipe, content: await kept(recipe.content.picture), mask: await kept(recipe.region), protect: await kept(recipe.protected) };
  },

  /** Whether a style lies far from all that the model was trained on. */
  async far(styles: Reference[]): Promise<boolean> {
    const { orders, known, near } = await tools!;
    const { descriptor } = await orders.style(styles);
    let best = -2;
    for (let start = 0; start < known.length; start += descriptor.length) best = Math.max(best, descriptor.reduce((sum, value, i) => sum + value * known[start + i], 0));
    return known.length > 0 && best < near;
  },
};

export type Calls = typeof calls;

async function painted(painter: Painter, recipe: Recipe, told: Progress): Promise<Made> {
  const { pixels, rgba } = await painter.paint(recipe, told);
  const text = written(recipe);
  return { png: await encodePng(rgba ?? pixels, text), recipe: text, seed: recipe.dials.seed };
}

function drawn({ data, width, height }: Canvas): Raster {
  const values = fromBytes(data);
  if (values.every((value, i) => i % 4 < 3 || value === 1)) return raster(height, width, 3, values.filter((_, i) => i % 4 < 3));
  return raster(height, width, 4, values);
}

addEventListener("message", async ({ data: { id, call, asked } }: MessageEvent<{ id: number; call: keyof Calls; asked: unknown[] }>) => {
  try {
    postMessage({ id, answer: await (calls[call] as (...given: unknown[]) => unknown)(...asked) });
  } catch (error) {
    postMessage({ id, wrong: (error as Error).message });
  }
});
