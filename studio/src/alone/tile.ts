// The tile that every drawing of a style lies on, such as the rounded square below an app's icon: vector/tile of the core.

import { isOpaque, laid, lifted, WHITE } from "./ground";
import { deltaE, groundOf, lab } from "./lab";
import { decimals, median, raster, rint, type Raster } from "./raster";
import { boxOf, count, depth, inverse, longest, maskOf, outside, type Mask } from "./regions";

const [BARE, PLAIN, LEAST, FITS, SHARED, OFF, TURNED] = [3, 10, 0.6, 0.97, 0.75, 0.02, 0.05];
const [MANY, BADGE, BAND, RIM, OWN, BEVEL, GLANCE, SMALLEST, SPECK] = [3, 0.4, 0.04, 0.6, 0.4, 0.06, 256, 8, 0.2];

/** A square in the middle of a picture, as shares of its side: free space around it, radius of its corners, longer side of what lies on it. */
export type Tile = [margin: number, radius: number, room: number];

/** Where it is in a picture of that side. */
export function shapeOf([margin, radius]: Tile, side: number): Mask {
  const beyond = Float64Array.from({ length: side }, (_, at) => Math.max(Math.abs((at + 0.5) / side - 0.5) - (0.5 - margin - radius), 0));
  return maskOf({ height: side, width: side }, (place) => Math.hypot(beyond[Math.floor(place / side)], beyond[place % side]) <= radius);
}

/** The tile that most of some square pictures lie on, if any, and each with its colour as the ground instead. */
export function tileOf(pictures: readonly Raster[]): { tile: Tile | null; pictures: readonly Raster[] } {
  const each = pictures.map(ownTile);
  const present = each.flatMap((own) => (own ? [own.tile] : []));
  const most = SHARED * pictures.length;
  if (present.length < most) return { tile: null, pictures };
  const middle = (place: number): number => decimals(median(present.map((own) => own[place])), 4);
  const [margin, radius, room] = [0, 1, 2].map(middle);
  const alike = present.filter((own) => Math.abs(own[0] - margin) <= OFF && Math.abs(own[1] - radius) <= TURNED);
  const sure = pictures.length >= MANY || (margin <= OFF / 2 && radius < BADGE);
  if (!sure || alike.length < most) return { tile: null, pictures };
  return { tile: [margin, radius, room], pictures: pictures.map((picture, place) => each[place]?.bare ?? picture) };
}

/** What lies on a tile of its own, off that (RGBA); none where there is no tile, or what is on it is cut out of it. */
export function offTile(content: Raster): Raster | null {
  const { data, height, width } = content;
  if (height !== width) return null;
  const shown = laid(content, WHITE);
  const step = Math.floor(height / GLANCE) + 1;
  if (step > 1 && !tileOf([thinned(shown, step)]).tile) return null;
  const { tile, pictures: [bare] } = tileOf([shown]);
  if (!tile) return null;
  const [own, colours, bared] = [[...bare.data.subarray(0, 3)], lab(shown.data), lab(bare.data)];
  const same = maskOf(bare, (place) => deltaE(bared, place, bared, 0) <= PLAIN);
  const marks = lifted({ ...bare, data: bare.data.map((value, i) => (same.data[Math.floor(i / 3)] ? own[i % 3] : value)) }, own);
  const within = shapeOf([tile[0] + BEVEL, Math.max(tile[1] - BEVEL, 0), tile[2]], height);
  within.data.forEach((is, place) => is || (marks.data[4 * place + 3] = 0));
  const drawn = maskOf(marks, (place) => marks.data[4 * place + 3] >= 0.5);
  const whole = isOpaque(content);
  const cut = maskOf(marks, (place) => !!drawn.data[place] && (whole ? deltaE(colours, place, colours, 0) <= BARE : data[4 * place + 3] < 0.5));
  return count(cut) > 0.5 * count(drawn) ? null : marks;
}

/** Every so many pixels down and across. */
function thinned({ data, height, width }: Raster, step: number): Raster {
  const made = raster(Math.ceil(height / step), Math.ceil(width / step), 3);
  for (let y = 0, at = 0; y < height; y += step) for (let x = 0; x < width; x += step, at += 3) made.data.set(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3), at);
  return made;
}

/** The tile of one picture, if any, and the picture without what is around that. */
function ownTile(picture: Raster): { tile: Tile; bare: Raster } | null {
  const { data, height: side } = picture;
  const colours = lab(data);
  const apart = (place: number): boolean => deltaE(colours, place, colours, 0) > BARE;
  if ([side - 1, side * (side - 1), side * side - 1].some(apart)) return null;
  const solid = inverse(outside(maskOf(picture, apart)));
  const wide = longest(boxOf(solid, 0));
  const [margin, radius] = [(side - wide) / 2, Math.min(Math.sqrt(Math.max(wide ** 2 - count(solid), 0) / (4 - Math.PI)), wide / 2)];
  if (radius + margin < 2 || wide < Math.max(LEAST * side, SMALLEST)) return null;
  const ideal = shapeOf([margin / side, radius / side, 0], side);
  const both = count(maskOf(solid, (place) => !!solid.data[place] && !!ideal.data[place]));
  if (both < FITS * (count(solid) + count(ideal) - both)) return null;
  const band = Math.max(BAND * side, 3);
  const deep = depth(solid, rint(band) + 1).data.map((far, place) => {
    const [y, x] = [Math.floor(place / side), place % side];
    return Math.min(far, y + 1, side - y, x + 1, side - x);
  });
  const places = [...deep.keys()];
  const rim = places.filter((place) => deep[place] > 2 && deep[place] <= Math.fround(band));
  const colour = groundOf(raster(1, rim.length, 3, Float32Array.from(rim.flatMap((place) => [...data.subarray(3 * place, 3 * place + 3)]))));
  const plain = lab(colour);
  const off = maskOf(picture, (place) => deltaE(colours, place, plain, 0) > PLAIN);
  const room = longest(boxOf(maskOf(off, (place) => deep[place] > 2 && !!off.data[place]), 0));
  const others = (of: number[]): number => of.filter((place) => off.data[place]).length / of.length;
  if (others(rim) > 1 - RIM || others(places.filter((place) => solid.data[place])) > 1 - OWN || room < SPECK * side) return null;
  const bare = { ...picture, data: data.map((value, i) => (deep[Math.floor(i / 3)] > 2 ? value : colour[i % 3])) };
  return { tile: [margin / side, radius / side, room / side], bare };
}
