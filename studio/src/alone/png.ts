// PNG files: 8 bits a channel, with text; pixels to the bit, which no canvas promises.

import { joined, type Bytes } from "./bytes";
import { fromBytes, raster, toBytes, type Raster } from "./raster";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const KEYWORD = "parasol";
const LARGEST_PACKED = 1 << 20; // readers take longer compressed text for a bomb
const MOST_TEXT = 64_000_000;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

async function through(data: Bytes, stream: GenericTransformStream, most = Infinity): Promise<Bytes> {
  const parts: Bytes[] = [];
  let length = 0;
  const reader = (new Blob([data]).stream().pipeThrough(stream) as ReadableStream<Bytes>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if ((length += value.length) > most) throw new Error("the file is too long");
    parts.push(value);
  }
  return joined(...parts);
}

export const deflated = (data: Bytes): Promise<Bytes> => through(data, new CompressionStream("deflate"));
export const inflated = (data: Bytes, most?: number): Promise<Bytes> => through(data, new DecompressionStream("deflate"), most);

const number = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const latin = (text: string): Bytes => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

function chunk(kind: string, body: Uint8Array): Bytes {
  const named = joined(latin(kind), body);
  let crc = 0xffffffff;
  for (const byte of named) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return joined(number(body.length), named, number(~crc));
}

/** The file of a picture of 3 or 4 channels, with a recipe before the pixels where one is given. */
export async function encodePng(picture: Raster, recipe?: string): Promise<Bytes> {
  const { height, width, channels } = picture;
  const bytes = toBytes(picture.data);
  const line = width * channels;
  const rows = new Uint8Array(height * (line + 1));
  for (let y = 0; y < height; y++) { // each row by its difference from the one above, which is small where drawings are
    rows[y * (line + 1)] = y ? 2 : 0;
    for (let i = 0; i < line; i++) rows[y * (line + 1) + 1 + i] = bytes[y * line + i] - (y ? bytes[(y - 1) * line + i] : 0);
  }
  const told = recipe === undefined ? [] : [await textChunk(recipe)];
  const head = joined(number(width), number(height), [8, channels === 4 ? 6 : 2, 0, 0, 0]);
  return joined(SIGNATURE, chunk("IHDR", head), ...told, chunk("IDAT", await deflated(rows)), chunk("IEND", new Uint8Array()));
}

async function textChunk(told: string): Promise<Bytes> {
  const body = latin(told);
  if (body.length >= LARGEST_PACKED) return chunk("tEXt", joined(latin(`${KEYWORD}\0`), body));
  return chunk("zTXt", joined(latin(`${KEYWORD}\0\0`), await deflated(body)));
}

export const isPng = (data: Uint8Array): boolean => SIGNATURE.every((byte, place) => data[place] === byte);

function* chunks(data: Bytes): Generator<[string, Bytes]> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 8; at + 12 <= data.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > data.length) return;
    yield [text(data.subarray(at + 4, at + 8)), data.subarray(at + 8, at + 8 + length)];
    at += 12 + length;
  }
}

/** The recipe that a PNG of ours carries. */
export async function recipeIn(data: Bytes): Promise<string | undefined> {
  for (const [kind, body] of chunks(data)) {
    if (kind !== "zTXt" && kind !== "tEXt") continue;
    const end = body.indexOf(0);
    if (text(body.subarray(0, end)) !== KEYWORD) continue;
    return text(kind === "tEXt" ? body.subarray(end + 1) : await inflated(body.slice(end + 2), MOST_TEXT));
  }
  return undefined;
}

/** The pixels of an 8 bit PNG whose colours need no reading beyond their numbers; undefined for all others. */
export async function decodePng(data: Bytes): Promise<Raster | undefined> {
  if (!isPng(data)) return undefined;
  const packed: Bytes[] = [];
  let head: DataView | undefined;
  let [palette, clear]: (Bytes | undefined)[] = [];
  for (const [kind, body] of chunks(data)) {
    if (kind === "IHDR") head = new DataView(body.buffer, body.byteOffset, 13);
    else if (kind === "IDAT") packed.push(body);
    else if (kind === "PLTE") palette = body;
    else if (kind === "tRNS") clear = body;
    else if (["iCCP", "gAMA", "cHRM", "cICP", "acTL", "eXIf"].includes(kind)) return undefined;
  }
  if (!head) return undefined;
  const [width, height, depth, kind, interlaced] = [head.getUint32(0), head.getUint32(4), head.getUint8(8), head.getUint8(9), head.getUint8(12)];
  const count = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[kind];
  if (depth !== 8 || interlaced || !count || (clear && kind !== 3) || width * height > 50_000_000) return undefined;
  const line = width * count;
  const rows = await inflated(joined(...packed), height * (line + 1));
  if (rows.length < height * (line + 1)) return undefined;
  const bytes = unfiltered(rows, height, line, count);
  const colour = kind === 3 ? (at: number): number[] => [...palette!.subarray(3 * bytes[at], 3 * bytes[at] + 3), clear?.[bytes[at]] ?? 255]
    : kind === 0 || kind === 4 ? (at: number): number[] => [bytes[at], bytes[at], bytes[at], bytes[at + 1]] : undefined;
  if (!colour) return raster(height, width, count, fromBytes(bytes));
  const channels = kind === 4 || clear ? 4 : 3;
  const made = raster(height, width, channels);
  for (let i = 0; i < height * width; i++) {
    const values = colour(count * i);
    for (let c = 0; c < channels; c++) made.data[channels * i + c] = values[c] / 255;
  }
  return made;
}

function unfiltered(rows: Bytes, height: number, line: number, step: number): Bytes {
  const made = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (line + 1)];
    for (let i = 0; i < line; i++) {
      const left = i >= step ? made[y * line + i - step] : 0;
      const above = y ? made[(y - 1) * line + i] : 0;
      const corner = y && i >= step ? made[(y - 1) * line + i - step] : 0;
      const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? above : corner;
      made[y * line + i] = rows[y * (line + 1) + 1 + i] + [0, left, above, (left + above) >> 1, paeth][filter];
    }
  }
  return made;
}
