// A drawing with room around it: vector/framing of the core.

import { groundAround, lifted, sized } from "./ground";
import { LANCZOS, raster, rgb, rint, type Raster } from "./raster";
import { boxOf, longest, maskOf } from "./regions";

const GAP = 3;

/** A drawing (RGBA) on a plain or clear ground, no larger than that share of the side; all else as it is. */
export function inset(content: Raster, room: number): Raster {
  const { data, height, width } = content;
  const opaque = data.every((value, i) => i % 4 < 3 || value === 1);
  const ground = opaque ? groundAround(rgb(content)) : null;
  if (opaque && !ground) return content;
  const drawn = ground ? lifted(rgb(content), ground) : content;
  const longer = longest(boxOf(maskOf(drawn, (place) => drawn.data[4 * place + 3] >= 0.5), 0)) / Math.max(height, width);
  if (longer <= room) return content;
  const [tall, wide] = [height, width].map((length) => Math.max(1, rint((length * room) / longer)));
  const small = sized(content, [tall, wide], LANCZOS, GAP);
  const made = raster(height, width, 4);
  if (ground) for (let i = 0; i < made.data.length; i += 4) made.data.set([...ground, 1], i);
  const [top, left] = [Math.floor((height - tall) / 2), Math.floor((width - wide) / 2)];
  for (let y = 0; y < tall; y++) made.data.set(small.data.subarray(4 * y * wide, 4 * (y + 1) * wide), 4 * ((y + top) * width + left));
  return made;
}
