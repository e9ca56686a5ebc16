import { describe, expect, it } from 'vitest';

import { outlineFault } from './polygon';
import { shopLineOutline } from './shop-line';

describe('a shop line', () => {
  it('makes the strip of pavement to its right', () => {
    const line = [
      [0.1, 0.5],
      [0.9, 0.5],
    ] as const;
    expect(shopLineOutline({ line, side: 'right', depthAtStart: 0.1, depthAtEnd: 0.2 }, 16 / 9)).toEqual([
      [0.1, 0.5],
      [0.9, 0.5],
      [0.9, 0.7],
      [0.1, 0.6],
    ]);
  });

  it("or to its left, and counts depth by the picture's height in both directions", () => {
    const line = [
      [0.5, 0.1],
      [0.5, 0.9],
    ] as const;
    const outline = shopLineOutline({ line, side: 'left', depthAtStart: 0.2, depthAtEnd: 0.2 }, 2);
    expect(outline.slice(2)).toEqual([
      [0.6, 0.9],
      [0.6, 0.1],
    ]);
  });

  it('keeps its distance around a corner, and is a zone that does not cross itself', () => {
    const line = [
      [0.1, 0.2],
      [0.5, 0.2],
      [0.5, 0.8],
    ] as const;
    const outline = shopLineOutline({ line, side: 'left', depthAtStart: 0.1, depthAtEnd: 0.1 }, 1);
    expect(outline.slice(3)).toEqual([
      [0.6, 0.8],
      [0.6, 0.1],
      [0.1, 0.1],
    ]);
    expect(outlineFault(outline)).toBeNull();
  });

  it('stays in the picture, bounds a hairpin, and survives two corners on one spot', () => {
    const hairpin = [
      [0.1, 0.5],
      [0.9, 0.5],
      [0.1, 0.51],
    ] as const;
    for (const line of [
      hairpin,
      [
        [0.3, 0.3],
        [0.3, 0.3],
      ] as const,
    ]) {
      for (const side of ['left', 'right'] as const) {
        const outline = shopLineOutline({ line, side, depthAtStart: 0.3, depthAtEnd: 0.3 }, 16 / 9);
        expect(outline.flat().every((value) => value >= 0 && value <= 1)).toBe(true);
      }
    }
  });
});
