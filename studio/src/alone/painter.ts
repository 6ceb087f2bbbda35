// From a recipe to its picture: encode, sample, decode, colour, finish, as the core's painting does.

import { keepColours, LUMA, matchColours, momentsOf } from "./colour";
import { finished, type Finished } from "./finishing";
import type { Networks, Output } from "./networks";
import { Random } from "./noise";
import { crop, fit, interleaved, padToMultiple, planes, raster, rint, square, type Box, type Raster, type Values } from "./raster";
import { automatic, descriptorOf, maskOf, pictureOf, styleOf, type Dials, type Recipe, type Style, type Texture } from "./recipe";
import { atLevels, foreseen, forwardChain, restyle, sampleFresh, Schedule, sum, type Hold, type Predict, type Step } from "./sampler";
import { textureOf, towardsTexture } from "./texture";
import { part, scaled, tiled, type Planes, type Window } from "./tiles";

export interface Manifest {
  name: string; size: number; result_size: number; stride: number; latent_channels: number; prediction: "epsilon" | "v"; content_map: number;
  schedule: { train_steps: number; beta_start: number; beta_end: number };
  style: { name: string; version: string; dimension: number; size: number };
  content: { name: string; version: string; dimension: number; size: number };
}
/** Hears of steps as they are done; throws where the picture is not wanted any more. */
export type Progress = (done: number, total: number) => Promise<void>;
type Branch = "null" | "style" | "content" | "joint";
type Known = Map<string, Values>;

const PIXELS = 8;
const PATH_STEPS = 50;
const [TILE, OVERLAP, MARGIN] = [72, 16, 5];
const [GRAIN, SPECKLE, LOUDEST] = [2, 0.015, 5];
const MOST_KNOWN = 16e6; // numbers that are kept of one content

interface Tokens { style: Values; content: Values; map: Output | null }
interface Told { picture: Raster; key: string }

export class Painter {
  readonly schedule: Schedule;
  private kept: { key: string; values: Map<string, unknown> } = { key: "", values: new Map() };

  constructor(readonly manifest: Manifest, private readonly networks: Networks) {
    const { train_steps, beta_start, beta_end } = manifest.schedule;
    this.schedule = new Schedule(train_steps, beta_start, beta_end);
  }

  async paint(recipe: Recipe, told: Progress): Promise<Finished> {
    const { dials } = recipe;
    if (recipe.taught?.length) throw new Error("this was drawn with a taught style card, which the page cannot read: use `parasol replay`");
    const picture = await pictureOf(recipe.content.picture);
    const style = styleOf(recipe.style, this.manifest.style.dimension, this.manifest.latent_channels);
    const [region, kept, alpha] = await Promise.all([recipe.region, recipe.protected, recipe.ground?.alpha].map((mask) => maskOf(mask, picture)));
    const drawn = await this.draw(recipe, picture, style, region, kept, told);
    const byLook = dials.color === "match" && automatic(recipe.finish);
    const coloured = colourStep(dials, drawn, picture, style, byLook);
    const whole = region ? within(region, coloured, picture) : coloured;
    const own = dials.color === "keep" || dials.style_scale === 0 || keptSteps(dials) === dials.steps;
    const lightness = own ? 1 : region ? region.map((share) => 1 - share) : 0;
    return finished(recipe.ground ?? null, alpha, recipe.finish ?? null, whole, picture, { kept: lightness, fresh: dials.fresh, matched: byLook });
  }

  async describeStyle(picture: Raster): Promise<Style> {
    const fitted = fit(picture, this.size);
    const latents = await this.encode(padToMultiple(fitted, PIXELS)[0]);
    const texture = { latents: textureOf(latents), pixels: textureOf({ data: planes(fitted), channels: 3, height: fitted.height, width: fitted.width }) };
    return { descriptor: await this.style(picture), colours: momentsOf(picture), texture };
  }

  get size(): number {
    return this.manifest.result_size || this.manifest.size;
  }

  readonly style = (picture: Raster): Promise<Values> => this.described("style", picture, this.manifest.style.size);
  readonly content = (picture: Raster): Promise<Values> => this.described("content", picture, this.manifest.content.size);

  private async described(component: "style" | "content", picture: Raster, size: number): Promise<Values> {
    return (await this.networks.run(component, pixelsOf(square(picture, size)))).data as Values;
  }

  private async draw(recipe: Recipe, whole: Raster, style: Style, region: Values | null, kept: Values | null, told: Progress): Promise<Raster> {
    const { dials } = recipe;
    const picture = neutralised(dials, whole, kept);
    const key = picture === whole ? recipe.content.picture : `${recipe.content.picture} ${dials.neutral} ${dials.structure} ${recipe.protected}`;
    const [padded, box] = padToMultiple(picture, this.manifest.stride);
    const [height, width] = [padded.height / PIXELS, padded.width / PIXELS];
    const bare = dials.fresh && !region;
    const z0 = bare ? { data: new Float32Array(this.manifest.latent_channels * height * width), channels: this.manifest.latent_channels, height, width }
      : await this.once(key, "latents", () => this.encode(padded));
    const masks = [region, kept].map((mask) => mask && inLatents(mask, picture, this.manifest.stride, z0));
    const z = await this.sample(recipe, { picture, key }, z0, style, masks[0], masks[1], told);
    const decoded = await this.decode({ ...z0, data: z }, box);
    return style.texture ? grained(dials, decoded, style.texture, kept) : decoded;
  }

  private async sample(recipe: Recipe, of: Told, z0: Planes, style: Style, where: Values | null, kept: Values | null, told: Progress): Promise<Values> {
    const { dials } = recipe;
    const steps = this.schedule.steps(dials.steps);
    const second = dials.sampler === "dpm";
    const random = new Random(BigInt(dials.seed));
    const last = keptSteps(dials);
    const lam = Math.floor(last);
    const content = (): Promise<Values> => this.once(of.key, "content", () => this.content(of.picture));
    const map = (window: Window): Promise<Output> => this.once(of.key, `map ${Object.values(window)}`, () => this.contentMap(of.picture, window));
    const shown = recipe.content.descriptor ? descriptorOf(recipe.content.descriptor, recipe.content.descriptor_hash, this.manifest.content.dimension) : null;
    const path = `${dials.seed} ${dials.steps} ${dials.sampler}`;
    const known = z0.data.length * 4 * (dials.steps + 1) < MOST_KNOWN
      ? (window: Window): Promise<Known> => this.once(of.key, `eps ${path} ${dials.content_map} ${Object.values(window)}`, async () => new Map<string, Values>()) : undefined;
    const first = lam < dials.steps && !dials.fresh ? steps[lam].t : -1; // where the target begins at the source's own latent
    const begun = known && !shown && first >= 0 ? async (window: Window): Promise<Known> => {
      const source = await known(window);
      const own = new Map<string, Values>();
      for (const branch of ["null", "content"]) if (source.has(`${branch} ${first}`)) own.set(`${branch} ${first}`, source.get(`${branch} ${first}`)!);
      return own;
    } : undefined;
    const guide = dials.distilled && dials.content_map && !shown; // a taught style is not drawn here
    let target = this.predictor(dials, z0, async () => style.descriptor, shown ? async () => shown : content, dials.content_map && !shown ? map : null, guide, begun);
    if (style.texture) target = textured(target, style.texture, heard(dials), this.schedule.alphaBars, z0);
    const walk = { steps, second, told: (done: number) => told(done, dials.steps) };
    if (dials.fresh) {
      const start = random.normals(z0.data.length);
      const hold = where ? keep(held(dials, -1, where, null), this.chain(dials, z0, random, steps)) : undefined;
      return sampleFresh(target, start, { ...walk, hold });
    }
    const chain = await this.once(of.key, `chain ${path}`, async () => this.chain(dials, z0, random, steps));
    const source = this.predictor(dials, z0, () => this.once(of.key, "style", () => this.style(of.picture)), content, dials.content_map ? map : null, guide, known);
    const hold = where || kept || last % 1 ? keep(held(dials, last, where, kept), chain) : undefined;
    return restyle(source, target, chain, lam, { ...walk, hold });
  }

  private chain(dials: Dials, z0: Planes, random: Random, steps: Step[]): Values[] {
    const noises = (of: Step[]): Values[] => of.map(() => random.normals(z0.data.length));
    if (dials.sampler === "ddim") return forwardChain(z0.data, noises(steps), steps);
    const path = this.schedule.steps(PATH_STEPS);
    const stored = forwardChain(z0.data, noises(path), path);
    return atLevels(stored, path, noises(steps), steps);
  }

  /** The guided predictor of latents of any size, tile by tile. */
  private predictor(dials: Dials, like: Planes, style: () => Promise<Values>, content: () => Promise<Values>, map: ((window: Window) => Promise<Output>) | null, guide: boolean, known?: (window: Window) => Promise<Known>): Predict {
    const since = rint((1 - dials.guidance_interval) * this.schedule.trainSteps);
    const weigh = (cap: number): [Branch, number][] => branchWeights(Math.min(dials.style_scale, cap), Math.min(dials.content_scale, cap), dials.guidance === "joint");
    const [pushing, plain] = [weigh(Infinity), weigh(1)];
    const told = new Map<string, Promise<[Tokens, Known | undefined]>>();
    const at = (window: Window): Promise<[Tokens, Known | undefined]> => {
      const name = Object.values(window).join();
      if (!told.has(name)) told.set(name, (async (): Promise<[Tokens, Known | undefined]> => {
        const projected = await this.networks.run("project", { data: await style(), dims: [1, this.manifest.style.dimension] });
        return [{ style: projected.data as Values, content: await content(), map: map && (await map(window)) }, known && (await known(window))];
      })());
      return told.get(name)!;
    };
    return async (z, t) => {
      const branches = t >= since ? pushing : plain;
      const names = branches.map(([branch]) => branch);
      const guided = guide && names.includes("joint") && !names.includes("style");
      const key = (branch: Branch): string => `${branch}${guided && branch !== "joint" ? ", by the guide" : ""} ${t}`;
      const whole = await tiled(like.height, like.width, { tile: TILE, overlap: OVERLAP, margin: 0 }, 1, async (window) => {
        const [tokens, seen] = await at(window);
        const here = part({ ...like, data: z }, window);
        const missing = names.filter((branch) => !seen?.has(key(branch)));
        const predicted = new Map(names.map((branch) => [branch, seen?.get(key(branch))]));
        const asked = guided ? missing.filter((branch) => branch === "joint") : missing;
        if (asked.length) (await this.denoise(here, t, asked, tokens)).forEach((eps, place) => predicted.set(asked[place], eps));
        if (asked.length < missing.length) {
          const joint = predicted.get("joint")!;
          const apart = await this.apart(here, t, tokens, joint);
          for (const branch of missing) if (branch !== "joint") predicted.set(branch, sum([1, joint], [1, branch === "null" ? apart[0] : apart[1]]));
        }
        for (const branch of missing) seen?.set(key(branch), predicted.get(branch)!);
        return { ...here, data: sum(...branches.map(([branch, weight]): [number, Values] => [weight, predicted.get(branch)!])) };
      });
      return whole.data;
    };
  }

  /** How far from the joint prediction are the null and the content branch, as the guide says. */
  private async apart(z: Planes, t: number, of: Tokens, joint: Values): Promise<[Values, Values]> {
    const clean = foreseen(z.data, joint, this.schedule.alphaBars[t]);
    const { data } = await this.networks.run("guide", asInput(z), t, rowsOf(["joint"], of), asInput({ ...z, data: clean }));
    return [data.slice(0, joint.length) as Values, data.slice(joint.length) as Values];
  }

  private async denoise(z: Planes, t: number, branches: Branch[], of: Tokens): Promise<Values[]> {
    const [count, size] = [branches.length, z.data.length];
    const batch = new Float32Array(count * size);
    for (let i = 0; i < count; i++) batch.set(z.data, i * size);
    const { data } = await this.networks.run("denoise", { data: batch, dims: [count, z.channels, z.height, z.width] }, t, rowsOf(branches, of));
    const bar = this.schedule.alphaBars[t];
    return branches.map((_, place) => {
      const predicted = data.slice(place * size, (place + 1) * size) as Values;
      return this.manifest.prediction === "v" ? sum([bar ** 0.5, predicted], [(1 - bar) ** 0.5, z.data]) : predicted;
    });
  }

  private async contentMap(picture: Raster, window: Window): Promise<Output> {
    const [padded] = padToMultiple(picture, this.manifest.stride);
    const here = scaled(window, PIXELS);
    const whole = here.height === padded.height && here.width === padded.width;
    return this.networks.run("content_map", pixelsOf(square(whole ? picture : crop(padded, here), this.manifest.content.size)));
  }

  private encode(picture: Raster): Promise<Planes> {
    const pixels = { data: planes(picture), channels: 3, height: picture.height, width: picture.width };
    return tiled(picture.height / PIXELS, picture.width / PIXELS, { tile: TILE, overlap: OVERLAP, margin: MARGIN }, 1,
      async (window) => asPlanes(await this.networks.run("encode", asInput(part(pixels, scaled(window, PIXELS))))));
  }

  private async decode(z: Planes, box: Box): Promise<Raster> {
    const made = await tiled(z.height, z.width, { tile: TILE, overlap: OVERLAP, margin: MARGIN }, PIXELS, async (window) => asPlanes(await this.networks.run("decode", asInput(part(z, window)))));
    return crop(interleaved(made.data, made.height, made.width, 3), box);
  }

  /** What depends on one content alone, kept until another comes. */
  private async once<T>(key: string, name: string, made: () => Promise<T>): Promise<T> {
    if (this.kept.key !== key) this.kept = { key, values: new Map() };
    const { values } = this.kept;
    if (!values.has(name)) values.set(name, await made());
    return values.get(name) as T;
  }
}

const pixelsOf = (picture: Raster): Output => ({ data: planes(picture), dims: [1, 3, picture.height, picture.width] });
const asInput = ({ data, channels, height, width }: Planes): Output => ({ data, dims: [1, channels, height, width] });
const asPlanes = ({ data, dims: [, channels, height, width] }: Output): Planes => ({ data: data as Values, channels, height, width });

/** The tokens of each branch, [style, content, ...content map], zeros where it has none. */
function rowsOf(branches: Branch[], { style, content, map }: Tokens): Output {
  const [width, places] = [style.length, map ? map.dims[1] : 0];
  const data = new Float32Array(branches.length * (2 + places) * width);
  branches.forEach((branch, place) => {
    const start = place * (2 + places) * width;
    if (branch === "style" || branch === "joint") data.set(style, start);
    if (branch === "content" || branch === "joint") {
      data.set(content, start + width);
      if (map) data.set(map.data, start + 2 * width);
    }
  });
  return { data, dims: [branches.length, 2 + places, width] };
}

/** How many steps keep to the stored chain; of the next latent the rest. */
const keptSteps = ({ structure, steps, gradual }: Dials): number => (gradual ? rint(structure * steps * 1e6) / 1e6 : rint(structure * steps));

/** The branches that are evaluated, and what each weighs. */
export function branchWeights(style: number, content: number, joint: boolean): [Branch, number][] {
  const shared = joint ? Math.max(0, Math.min(style, content)) : 0;
  let weights: [Branch, number][] = [["null", 1 - style - content], ["style", style], ["content", content]];
  if (shared > 0) {
    const more = Math.max(style, content) - shared;
    const heard = Math.min(1, shared) * more;
    const without = more - heard;
    const [ofStyle, ofContent] = style > content ? [without, -heard] : [-heard, without];
    weights = [["null", 1 - shared - without], ["style", ofStyle], ["content", ofContent], ["joint", shared + heard]];
  }
  return weights.filter(([, weight]) => weight !== 0);
}

function textured(eps: Predict, texture: Texture, share: number, alphaBars: readonly number[], like: Planes): Predict {
  if (share === 0) return eps;
  return async (z, t) => {
    const [predicted, bar] = [await eps(z, t), alphaBars[t]];
    const z0 = foreseen(z, predicted, bar);
    const factor = (bar / (1 - bar)) ** 0.5;
    return sum([1, predicted], [-factor, towardsTexture({ ...like, data: z0 }, texture.latents, share).data], [factor, z0]);
  };
}

function heard(dials: Dials): number {
  const free = dials.fresh ? 1 : 1 - dials.structure;
  return dials.texture * Math.min(Math.max(dials.style_scale, 0), LOUDEST) * free ** 2;
}

function grained(dials: Dials, picture: Raster, texture: Texture, kept: Values | null): Raster {
  const share = GRAIN * heard(dials);
  if (share === 0) return picture;
  const { height, width } = picture;
  const noise = new Random(BigInt(dials.seed), 1n).normals(picture.data.length);
  const speckled = raster(height, width, 3, sum([1, picture.data], [Math.min(share, 1) * SPECKLE, noise]));
  const { data } = towardsTexture({ data: planes(speckled), channels: 3, height, width }, texture.pixels, share);
  const moved = interleaved(data.map((value) => Math.min(Math.max(value, 0), 1)), height, width, 3);
  return kept ? within(kept.map((share_) => 1 - share_), moved, picture) : moved;
}

/** The one where the region is 1, the other where it is 0. */
function within(region: Values, drawn: Raster, picture: Raster): Raster {
  const data = drawn.data.map((value, i) => {
    const share = region[Math.floor(i / 3)];
    return share * value + (1 - share) * picture.data[i];
  });
  return { ...drawn, data };
}

/** The content picture grey as far as is asked for. */
function neutralised(dials: Dials, picture: Raster, kept: Values | null): Raster {
  const share = dials.fresh ? 0 : dials.neutral * (1 - dials.structure);
  if (share === 0) return picture;
  const made = raster(picture.height, picture.width, 3);
  for (let i = 0; i < made.data.length; i += 3) {
    const free = kept ? share * (1 - kept[i / 3]) : share;
    const light = LUMA.reduce((total, part_, c) => total + part_ * picture.data[i + c], 0);
    for (let c = 0; c < 3; c++) made.data[i + c] = picture.data[i + c] + free * (light - picture.data[i + c]);
  }
  return made;
}

function colourStep(dials: Dials, pixels: Raster, content: Raster, style: Style, byLook: boolean): Raster {
  if (dials.color === "keep" && !dials.fresh) return keepColours(pixels, content, dials.color_strength);
  const wanted = dials.color === "match" ? style.colours : momentsOf(content);
  return dials.color === "off" || !wanted || byLook ? pixels : matchColours(pixels, wanted, dials.color_strength);
}

/** The largest value of a region at each latent. */
function inLatents(region: Values, like: Raster, stride: number, z: Planes): Values {
  const [padded] = padToMultiple(raster(like.height, like.width, 1, region), stride);
  const made = new Float32Array(z.height * z.width);
  for (let i = 0; i < padded.data.length; i++) {
    const place = Math.floor(Math.floor(i / padded.width) / PIXELS) * z.width + Math.floor((i % padded.width) / PIXELS);
    made[place] = Math.max(made[place], padded.data[i]);
  }
  return made;
}

/** Of each latent, the steps done up to which it lies on the stored chain; one for all without a mask. */
function held(dials: Dials, last: number, where: Values | null, kept: Values | null): Values {
  const { fround } = Math;
  const whole = dials.gradual ? (steps: number): number => steps : rint;
  const own = kept?.map((share) => whole(fround(fround(dials.structure + fround((1 - dials.structure) * share)) * dials.steps)));
  const until = (i: number): number => (where && where[i] <= 0 ? dials.steps : own ? own[i] : last);
  return Float32Array.from({ length: (where ?? kept)?.length ?? 1 }, (_, i) => until(i));
}

function keep(until: Values, chain: Values[]): Hold {
  return (done, z) => z.map((value, i) => {
    const share = Math.min(Math.max(Math.fround(until[i % until.length] - done + 1), 0), 1);
    return share === 0 ? value : Math.fround(Math.fround(share * chain[done][i]) + Math.fround(Math.fround(1 - share) * value));
  });
}
