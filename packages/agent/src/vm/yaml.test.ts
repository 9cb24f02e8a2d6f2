import { describe, expect, it } from 'vitest';
import { yaml } from './yaml.ts';

describe('yaml', () => {
  it.each([
    [{ a: 1, b: true, c: 'word' }, 'a: 1\nb: true\nc: word\n'],
    [{ a: { b: { c: 1 } } }, 'a:\n  b:\n    c: 1\n'],
    [{ list: ['x', 'z'] }, 'list:\n  - x\n  - z\n'],
    [{ list: [{ to: 'x', via: 'w' }, { to: 'z' }] }, 'list:\n  - to: x\n    via: w\n  - to: z\n'],
    [{ list: [['a'], []] }, 'list:\n  - - a\n  - []\n'],
    [{ empty: [], none: {} }, 'empty: []\nnone: {}\n'],
    // Words that a YAML 1.1 reader would take for something else.
    [{ a: 'no', b: 'True', c: 'null', y: 1 }, 'a: "no"\nb: "True"\nc: "null"\n"y": 1\n'],
    // A MAC address of digits is a number of base 60 to a YAML 1.1 reader; a name of digits is a number.
    [{ a: '52:54:00:11:22:33', b: '123', c: '' }, 'a: "52:54:00:11:22:33"\nb: "123"\nc: ""\n'],
    [{ a: 'line one\nline "two"', b: 'é: #x' }, 'a: "line one\\nline \\"two\\""\nb: "é: #x"\n'],
  ])('writes %j', (value, text) => {
    expect(yaml(value)).toBe(text);
  });
});
