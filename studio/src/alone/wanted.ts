// From what the page asks for to a recipe: pictures fitted, described and mixed, dials fixed, as the core's pipeline does.

import type { Reference, Wanted } from "../api";
import { base64, bytesOf, sha256 } from "./bytes";
import type { Moments } from "./colour";
import { finishOf, hasParts, isFlat, seen, type Seen } from "./finishing";
import { groundFor, laid, opaque } from "./ground";
import { encodePng } from "./png";
import type { Manifest, Painter } from "./painter";
import { BICUBIC, fit, onGrid, raster, showsNothing, stretch, type Raster, type Values } from "./raster";
import { automatic, QUICK_STEPS, recipeOf, styleOf, stylePart, type Dials, type Finish, type Recipe, type Style, type Texture } from "./recipe";

const [WORKING_SIDE, MIN_SIDE, MAX_ASPECT] = [2048, 8, 16];

/** What the export tells of its model beside the bundle. */
export interface ModelFacts { version: string; identity: string; guide?: string | null; hashes: string[]; strength: [number, number][]; own: Partial<Dials> }

/** A picture as it came in: its bytes, and its pixels where it is one. */
export interface Given { bytes: Uint8Array<ArrayBuffer>; pixels: Raster }

/** A picture of a readable shape, at most 2048 px. */
export function checked(picture: Raster): Raster {
  const [short, long] = [Math.min(picture.height, picture.width), Math.max(picture.height, picture.width)];
  const size = `the picture has ${picture.width} x ${picture.height} pixels`;
  if (short < MIN_SIDE) throw new Error(`${size} and each side needs ${MIN_SIDE} at least: use a larger picture`);
  if (long > MAX_ASPECT * short) throw new Error(`${size} and the longer side may be ${MAX_ASPECT} times the shorter: cut a part out`);
  const small = long <= WORKING_SIDE ? picture : fit(picture, WORKING_SIDE);
  if (showsNothing(shown(small))) throw new Error("the picture is blank (every pixel is the same): give a picture that shows something");
  return small;
}

/** On the ground that shows it. */
export function shown(picture: Raster): Raster {
  return picture.channels === 3 ? picture : laid(picture, groundFor(picture));
}

export class Orders {
  private readonly styles = new Map<string, Promise<Style>>();

  constructor(private readonly painter: Painter, private readonly manifest: Manifest, private readonly facts: ModelFacts, private readonly given: (id: string) => Given) {}

  /** The recipe of the first picture that is asked for. */
  async recipe(wanted: Wanted): Promise<Recipe> {
    if (!wanted.content) throw new Error("there is nothing to draw: give a content picture");
    let dials = this.dials(wanted);
    const size = wanted.size ?? this.painter.size;
    const content = opaque(this.given(wanted.content).pixels);
    const view = async (room?: number): Promise<Seen> => {
      const made = await seen(content, wanted.preview ? Math.min(size, this.manifest.size) : size, wanted.ground ?? "keep", room);
      if (showsNothing(made.picture)) throw new Error("the picture is blank (every pixel is the same): give a picture that shows something");
      if (Math.min(made.picture.height, made.picture.width) < MIN_SIDE) throw new Error(`at that size the shorter side has less than ${MIN_SIDE} px: use a larger one`);
      return made;
    };
    let look = await view();
    let finish: Finish | null = await this.finish(wanted);
    const flat = !!finish?.look && !otherwise(dials, !!wanted.mask) && (await isFlat(look));
    if (automatic(finish) && !flat) finish = null;
    const tile = finish?.look?.tile;
    if (finish && tile) {
      if (dials.fresh || wanted.mask || wanted.protect || look.picture.height !== look.picture.width) finish = { ...finish, look: { ...finish.look!, tile: null } };
      else look = await view(tile[2]);
    }
    const { picture } = look;
    if (flat && dials.sampler === "dpm" && (await hasParts(look, finish!))) dials = { ...dials, steps: Math.min(dials.steps, dials.flat_steps) };
    const style = await this.style(wanted.styles);
    if (dials.color === "match" && !style.colours) throw new Error("color is 'match' and the style has no colours: add a style picture");
    if (wanted.protect && dials.fresh) throw new Error("protect keeps structure and fresh starts without any: leave one out");
    const [region, kept] = await Promise.all([wanted.mask, wanted.protect].map((mask) => this.mask(mask ?? null, picture)));
    return {
      format: 1, version: this.facts.version, model: { name: this.manifest.name, hash: this.facts.identity },
      content: { picture: base64(await encodePng(picture)), descriptor_hash: sha256(bytesOf(await this.painter.content(picture))), descriptor: null },
      style: stylePart(style), dials, region, protected: kept, ground: look.ground, finish,
      ...(dials.distilled && this.facts.guide && { guide: this.facts.guide }),
    };
  }

  /** The dials of a job: what is given, and the model's own. */
  private dials(wanted: Wanted): Dials {
    const given = Object.fromEntries(Object.entries(wanted.dials).filter(([, value]) => value !== null)) as Partial<Dials> & { strength?: number };
    const own = { ...this.facts.own };
    if (given.sampler === "ddim" && own.sampler === "dpm") own.steps = 50;
    given.flat_steps ??= given.steps ?? own.flat_steps;
    const { strength, ...rest } = given;
    const stops = this.facts.strength;
    const at = (strength ?? 0) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    const between = (place: 0 | 1): number => stops[low][place] + (at - low) * (stops[low + 1][place] - stops[low][place]);
    const dials = { ...own, ...(strength !== undefined && stops.length > 1 ? { style_scale: between(0), structure: between(1) } : {}), ...rest } as Dials;
    const ordered = Object.fromEntries(Object.keys(this.facts.own).map((name) => [name, dials[name as keyof Dials]])) as unknown as Dials;
    if (wanted.count > 1) ordered.fresh = true;
    return wanted.preview && ordered.steps > QUICK_STEPS ? { ...ordered, steps: QUICK_STEPS, sampler: "dpm" } : ordered;
  }

  private async finish({ styles, colors = null, finish = "auto", lean = {} }: Wanted): Promise<Finish | null> {
    const kind = finish === "auto" && Object.values(lean).some(Boolean) ? "none" : finish;
    const positive = styles.filter((one) => one.picture && one.weight > 0);
    const references = kind === "none" || (kind === "auto" && positive.length < styles.length) ? [] : positive;
    return finishOf(colors, kind, references.map((one) => shown(this.given(one.picture!).pixels)));
  }

  /** The style that references are together. */
  async style(references: readonly Reference[]): Promise<Style> {
    const described = await Promise.all(references.map((one) => this.one(one)));
    if (references.length === 1 && references[0].recipe && references[0].weight > 0) return described[0];
    return mixed(described, references.map((one) => one.weight));
  }

  private one({ picture, recipe }: Reference): Promise<Style> {
    const id = picture ?? recipe;
    if (!id) throw new Error("words and cards are not understood in the browser alone: give a picture");
    const key = `${picture ? "picture" : "recipe"} ${id}`;
    let style = this.styles.get(key);
    if (!style) this.styles.set(key, (style = picture ? this.painter.describeStyle(shown(this.given(id).pixels)) : this.remembered(this.given(id).bytes)));
    style.catch(() => this.styles.delete(key));
    return style;
  }

  private async remembered(bytes: Uint8Array<ArrayBuffer>): Promise<Style> {
    return styleOf(this.own(await recipeOf(bytes)).style, this.manifest.style.dimension, this.manifest.latent_channels);
  }

  /** A recipe that is for this model. */
  own(recipe: Recipe): Recipe {
    if (!this.facts.hashes.includes(recipe.model.hash)) throw new Error(`it was drawn by the model ${recipe.model.name}, or by an edition of it, that this page does not have`);
    if (recipe.dials.distilled && (recipe.guide ?? this.facts.guide) !== this.facts.guide) throw new Error("it was drawn with a guide that this page does not have: switch distilled guidance off, or use `parasol replay`");
    return recipe;
  }

  /** A mask's lightness in the shape of the fitted picture; transparent parts are black. */
  private async mask(id: string | null, picture: Raster): Promise<string | null> {
    if (!id) return null;
    const { pixels } = this.given(id);
    const flat = pixels.channels === 3 ? pixels : laid(pixels, [0, 0, 0]);
    const factor = flat.data.every((value) => value * 255 <= 1) ? 255 : 1;
    const fitted = stretch({ ...flat, data: flat.data.map((value) => value * factor) }, picture.height, picture.width, BICUBIC);
    const own = flat.height / flat.width - picture.height / picture.width;
    if (Math.abs(own) > 2 / Math.min(flat.width, picture.width)) throw new Error("the mask and the content have not one shape: give both one shape");
    const light = onGrid(Float32Array.from({ length: picture.height * picture.width }, (_, i) => (fitted.data[3 * i] + fitted.data[3 * i + 1] + fitted.data[3 * i + 2]) / 3));
    if (!light.some(Boolean)) throw new Error("the mask is black everywhere: paint white what is meant");
    return base64(await encodePng(raster(picture.height, picture.width, 3, Float32Array.from({ length: 3 * light.length }, (_, i) => light[Math.floor(i / 3)]))));
  }
}

/** Whether colours, or what is to be seen where, are asked for in a way that the look of a style says nothing of. */
function otherwise(dials: Dials, masked: boolean): boolean {
  const matched = dials.color === "match" && dials.color_strength === 1;
  return dials.structure === 1 || dials.style_scale === 0 || (dials.color !== "off" && !matched) || dials.fresh || masked;
}

function unit(values: ArrayLike<number>): Float64Array {
  const made = Float64Array.from(values);
  const norm = Math.sqrt(made.reduce((sum, value) => sum + value * value, 0));
  if (!(norm >= 1e-6)) throw new Error("the styles cancel under these weights: choose weights that leave a direction");
  return made.map((value) => value / norm);
}

/** One style from several with signed weights, of which only the ratios matter. */
function mixed(styles: readonly Style[], weights: readonly number[]): Style {
  if (!weights.some((weight) => weight > 0)) throw new Error("no style has a positive weight: give at least one");
  const most = Math.max(...weights.map(Math.abs));
  const total = new Float64Array(styles[0].descriptor.length);
  styles.forEach(({ descriptor }, place) => unit(descriptor).forEach((value, i) => (total[i] += (weights[place] / most) * value)));
  const shares = <T>(of: (style: Style) => T | null): [T, number][] => {
    const present = styles.map((style, place): [T | null, number] => [of(style), weights[place]]).filter((one): one is [T, number] => one[0] !== null && one[1] > 0);
    const sum = present.reduce((all, [, weight]) => all + weight, 0);
    return present.map(([value, weight]) => [value, weight / sum]);
  };
  const sum = (parts: [ArrayLike<number>, number][]): number[] => Array.from({ length: parts[0][0].length }, (_, i) => parts.reduce((all, [values, share]) => all + share * values[i], 0));
  const colours = shares<Moments>((style) => style.colours);
  const textures = shares<Texture>((style) => style.texture);
  const table = (of: keyof Texture): Values => Float32Array.from(sum(textures.map(([texture, share]) => [texture[of], share])));
  return {
    descriptor: Float32Array.from(unit(total)),
    colours: colours.length ? { mean: sum(colours.map(([one, share]) => [one.mean, share])), covariance: [0, 1, 2].map((row) => sum(colours.map(([one, share]) => [one.covariance[row], share]))) } : null,
    texture: textures.length ? { latents: table("latents"), pixels: table("pixels") } : null,
  };
}

