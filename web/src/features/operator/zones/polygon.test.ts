import { describe, expect, it } from 'vitest';

import {
  clampCorner,
  edgeMiddle,
  insertCorner,
  moveCorner,
  moveOutline,
  nearestEdge,
  outlineFault,
  readCorners,
  removeCorner,
  showCorners,
  type Outline,
} from './polygon';

const square: Outline = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];

describe('an outline', () => {
  it.each<[string, Outline, unknown]>([
    ['a square', square, null],
    ['the same square the other way around', [...square].reverse(), null],
    ['two corners', square.slice(0, 2), { kind: 'too_few', corners: 2 }],
    [
      '201 corners',
      Array.from({ length: 201 }, (_, i) => [Math.cos((i * Math.PI) / 101) / 2 + 0.5, 0.5] as const),
      { kind: 'too_many', corners: 201 },
    ],
    ['a corner outside', moveTo(square, 2, [1.2, 0.8]), { kind: 'outside', corner: 3 }],
    ['a corner that is no number', moveTo(square, 0, [Number.NaN, 0.2]), { kind: 'outside', corner: 1 }],
    ['a corner that was put twice', [...square.slice(0, 2), square[1]!, ...square.slice(2)], null],
    ['the same way twice', [...square, ...square], { kind: 'crosses', edge: 1, other: 4 }],
    [
      'a corner on another edge',
      [square[0]!, square[1]!, square[2]!, [0.5, 0.2], square[3]!],
      { kind: 'crosses', edge: 1, other: 3 },
    ],
    ['a bow tie', [square[0]!, square[2]!, square[1]!, square[3]!], { kind: 'crosses', edge: 1, other: 3 }],
    [
      'a line',
      [
        [0.1, 0.1],
        [0.5, 0.5],
        [0.9, 0.9],
      ],
      { kind: 'flat' },
    ],
    // As the server counts it: what it encloses would not be clear.
    [
      'one that touches itself',
      [
        [0, 0],
        [0.5, 0.5],
        [1, 0],
        [1, 1],
        [0.5, 0.5],
        [0, 1],
      ],
      { kind: 'crosses', edge: 1, other: 4 },
    ],
  ])('%s', (_, outline, fault) => {
    expect(outlineFault(outline)).toEqual(fault);
  });

  it('names the last edge, which closes the outline, when that one crosses', () => {
    const outline: Outline = [
      [0.1, 0.1],
      [0.9, 0.1],
      [0.5, 0.6],
      [0.5, 0.05],
    ];
    expect(outlineFault(outline)).toEqual({ kind: 'crosses', edge: 1, other: 3 });
  });

  it('takes a new corner on the edge that lies nearest', () => {
    expect(nearestEdge(square, [0.5, 0.15])).toBe(0);
    expect(nearestEdge(square, [0.1, 0.5])).toBe(3);
    expect(insertCorner(square, 3, edgeMiddle(square, 3))).toEqual([...square, [0.2, 0.5]]);
    expect(removeCorner(insertCorner(square, 1, [0.9, 0.5]), 2)).toEqual(square);
  });

  it('never leaves the picture', () => {
    expect(moveCorner(square, 0, [-3, 0.123456])[0]).toEqual([0, 0.1235]);
    expect(moveOutline(square, 5, -5)).toEqual([
      [0.4, 0],
      [1, 0],
      [1, 0.6],
      [0.4, 0.6],
    ]);
    expect(clampCorner([2, -2])).toEqual([1, 0]);
  });

  it('is written as numbers and read again', () => {
    expect(readCorners(showCorners(square))).toEqual(square);
    expect(readCorners('0.1，0.2；0.3,0.4\n0.5,0.6')).toEqual([
      [0.1, 0.2],
      [0.3, 0.4],
      [0.5, 0.6],
    ]);
    for (const wrong of ['0.1', '0.1,0.2,0.3', 'a,b', '0.1,', '0.1,NaN', '<b>,1']) {
      expect(readCorners(wrong), wrong).toBeNull();
    }
  });
});

function moveTo(outline: Outline, index: number, to: readonly [number, number]): Outline {
  return outline.map((corner, i) => (i === index ? to : corner));
}
