// Recipes, as the core writes them into its files: all that makes one picture again.

import { base64, bytesOf, floatsOf, fromBase64, joined, sha256, type Bytes } from "./bytes";
import type { Moments } from "./colour";
import { decodePng, inflated, isPng, recipeIn } from "./png";
import { grey, type Raster, type Values } from "./raster";
import { directions, LEVELS, type Table } from "./texture";
import type { Tile } from "./tile";

/** Of dpm, for a quick look. */
export const QUICK_STEPS = 5;

export interface Dials {
  style_scale: number; content_scale: number; structure: number; steps: number;
  /** In digits where it is too large for a number of JavaScript. */
  seed: number | string;
  fresh: boolean; color: "off" | "match" | "keep"; content_map: boolean; sampler: "ddim" | "dpm"; guidance: "apart" | "joint";
  color_strength: number; texture: number; neutral: number; guidance_interval: number; distilled: boolean; gradual: boolean; flat_steps: number;
}
export interface Look { fills: number[]; lines: number[]; width: number; strokes?: boolean; unlined?: boolean; revision?: number; slope?: [number, number] | null; corner?: number | null; tile?: Tile | null }
export interface Ground { wanted: string; under: string; alpha: string | null; turned: boolean }
export interface Finish { colours: string[] | null; count: number | null; flat: boolean; look?: Look | null }
export interface StylePart { descriptor: string; descriptor_hash: string; mean: number[] | null; covariance: number[][] | null; texture: string | null }
export interface Recipe {
  format: number;
  version: string;
  model: { name: string; hash: string };
  content: { picture: string; descriptor_hash: string; descriptor: string | null };
  style: StylePart;
  dials: Dials;
  region: string | null;
  protected: string | null;
  ground?: Ground | null;
  finish?: Finish | null;
  taught?: unknown[] | null;
  guide?: string | null;
}
export interface Texture { latents: Table; pixels: Table }
export interface Style { descriptor: Values; colours: Moments | null; texture: Texture | null }

const ANOTHER = "give the file that Parasol wrote, not a copy that another program saved";
const LATER: Partial<Dials> = { color: "off", content_map: false, sampler: "ddim", guidance: "apart", color_strength: 1, texture: 0, neutral: 0, guidance_interval: 1, distilled: false, gradual: false, flat_steps: 2 };

export const automatic = (finish: Finish | null | undefined): boolean => !!finish?.look && !finish.flat;

/** From JSON, or from its packed form. */
export async function parsed(text: string): Promise<Recipe> {
  let recipe: Recipe;
  try {
    const json = text.trimStart().startsWith("{") ? text : new TextDecoder().decode(await inflated(fromBase64(text), 64_000_000));
    recipe = JSON.parse(json.replace(/("seed":\s*)(\d{16,})/, '$1"$2"')) as Recipe;
  } catch {
    throw new Error(`the recipe is broken: ${ANOTHER}`);
  }
  if (recipe.format !== 1 || !recipe.content?.picture || !recipe.style?.descriptor || !recipe.dials) throw new Error(`the recipe is broken or of another format than 1: ${ANOTHER}`);
  recipe.dials = { ...LATER, ...recipe.dials };
  return recipe;
}

/** The recipe in a PNG or an SVG of ours, or in JSON. */
export async function recipeOf(data: Bytes): Promise<Recipe> {
  if (isPng(data)) {
    const text = await recipeIn(data);
    if (text === undefined) throw new Error(`the picture carries no recipe: ${ANOTHER}`);
    return parsed(text);
  }
  const text = new TextDecoder().decode(data);
  const kept = /<metadata id="parasol">(.*?)<\/metadata>/s.exec(text);
  if (!kept) return parsed(text);
  const told = (JSON.parse(kept[1].replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")) as { recipe?: string | object }).recipe;
  if (!told) throw new Error(`the drawing carries no recipe: ${ANOTHER}`);
  return parsed(typeof told === "string" ? told : JSON.stringify(told));
}

export function written(recipe: Recipe): string {
  const { ground, finish, taught, guide, ...first } = recipe;
  const { look, ...few } = finish ?? {};
  const later = { ...(ground && { ground }), ...(finish && { finish: look ? finish : few }), ...(taught && { taught }), ...(guide && { guide }) };
  return JSON.stringify({ ...first, ...later }).replace(/("seed":)"(\d+)"/, "$1$2").replace(/[^\x00-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export async function pictureOf(png: string): Promise<Raster> {
  const picture = await decodePng(fromBase64(png));
  if (!picture || picture.channels !== 3) throw new Error(`a picture in the recipe is damaged: ${ANOTHER}`);
  return picture;
}

/** A mask of the recipe, which has to have its picture's shape. */
export async function maskOf(png: string | null | undefined, like: Raster): Promise<Values | null> {
  if (!png) return null;
  const picture = await pictureOf(png);
  if (picture.height !== like.height || picture.width !== like.width) throw new Error(`a mask of the recipe has not the shape of its content picture: ${ANOTHER}`);
  return grey(picture);
}

export function descriptorOf(text: string, hash: string, dimension: number): Values {
  const bytes = fromBase64(text);
  if (bytes.length !== 4 * dimension || sha256(bytes) !== hash) throw new Error(`a descriptor of the recipe is damaged: ${ANOTHER}`);
  return floatsOf(bytes);
}

export function styleOf(part: StylePart, dimension: number, channels: number): Style {
  const colours = part.mean && part.covariance ? { mean: part.mean, covariance: part.covariance } : null;
  return { descriptor: descriptorOf(part.descriptor, part.descriptor_hash, dimension), colours, texture: part.texture ? textureOf(fromBase64(part.texture), channels) : null };
}

export function stylePart({ descriptor, colours, texture }: Style): StylePart {
  const bytes = bytesOf(descriptor);
  return {
    descriptor: base64(bytes), descriptor_hash: sha256(bytes), mean: colours?.mean ?? null, covariance: colours?.covariance ?? null,
    texture: texture ? base64(new Uint8Array(Uint16Array.from(floatsOf(joined(bytesOf(texture.latents), bytesOf(texture.pixels))), toHalf).buffer)) : null,
  };
}

function textureOf(bytes: Bytes, channels: number): Texture {
  const latents = directions(channels) * LEVELS;
  const values = Float32Array.from(new Uint16Array(bytes.slice().buffer), fromHalf);
  if (values.length !== latents + directions(3) * LEVELS) throw new Error(`the recipe's texture is damaged: ${ANOTHER}`);
  return { latents: values.slice(0, latents), pixels: values.slice(latents) };
}

export function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits >>> 15 ? -1 : 1, (bits >>> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

/** The nearest float16, half to even. */
function toHalf(value: number): number {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.max(-14, Math.min(15, Math.floor(Math.log2(size || 1e-30))));
  const units = size / 2 ** (exponent - 10);
  const whole = Math.floor(units) + Number(units % 1 > 0.5 || (units % 1 === 0.5 && Math.floor(units) % 2 === 1));
  return sign | (whole + (exponent + 14) * 1024); // a fraction that is full carries into the exponent
}
