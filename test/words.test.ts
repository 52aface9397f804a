/** Words that the docs, the manifests, the messages and the comments avoid, each with a replacement. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { pages, root } from './docs/pages.ts';
import { commentsIn, textsIn } from './docs/sentences.ts';

type Avoided = {
  readonly word: RegExp;
  readonly say: string;
  readonly isFineInComments?: true;
};

const avoided: readonly Avoided[] = [
  { word: /\bfenc(?:e|es|ed|ing)\b/i, say: 'admission policies' },
  { word: /(?<!byte order |quotation )\b(?:un)?mark(?:s|ed|ing)?\b/i, say: 'owner reference' },
  { word: /\brights\b/i, say: 'permissions' },
  { word: /\btold\b/i, say: 'reported, recorded, or interrupted' },
  { word: /\bin the way\b/i, say: 'blocks, or blockers' },
  { word: /\blooked at\b/i, say: 'read, in scope, or reconciled' },
  { word: /\bleft alone\b/i, say: 'not changed, or ignored' },
  { word: /\bnot whole\b/i, say: 'incomplete, or truncated' },
  { word: /\banswered with\b/i, say: 'returned' },
  { word: /\belsewhere, sends? us|sends? us elsewhere\b/i, say: 'redirected' },
  { word: /(?<!\bthere )\bis no (?!longer\b)/i, say: 'is not a' },
  { word: /\bmeans? nothing\b/i, say: 'is invalid, or has no effect' },
  { word: /\bt(?:aken?|ook|akes) (?:\w+ )?off\b/i, say: 'removed' },
  { word: /\btrouble\b/i, say: 'warning, blocked, or problem' },
  { word: /\bmend(?:s|ed|ing)?\b/i, say: 'fix' },
  { word: /\bwho(?:so)?ever\b|\banybody\b/i, say: 'anyone who, a client, or an account that' },
  { word: /\bwhatever\b/i, say: 'any, or even if' },
  { word: /\banew\b/i, say: 'again' },
  { word: /\bmeanwhile\b/i, say: 'in between, or during' },
  { word: /\bbesides?\b/i, say: 'next to, with, or also' },
  { word: /\bfor ?ever\b/i, say: 'in every pass, or permanently' },
  { word: /\bin place of\b/i, say: 'instead of' },
  { word: /\bto be had\b/i, say: 'available' },
  { word: /\bat the most\b/i, say: 'at most' },
  { word: /\bsomebody else's\b/i, say: "another program's" },
  { word: /\bnot ours\b/i, say: "another program's", isFineInComments: true },
  // American spelling, as in Kubernetes.
  { word: /\b\w*(?:behavi|col|fav|hon|neighb|flav|endeav)our\w*/i, say: '-or' },
  {
    word: /\b\w*(?:recogni|organi|normali|seriali|initiali|summari|optimi|synchroni|authori|customi|minimi|maximi|utili|generali|speciali|standardi|reali|visuali|emphasi)s(?:e|es|ed|er|ing|ation)\b/i,
    say: '-ize',
  },
  {
    word: /\b(?:licence|defence|offence|centre|metre|fibre|catalogue|dialogue|programme)s?\b/i,
    say: 'American spelling',
  },
  {
    word: /\b(?:analyse|paralyse|grey|judgement|artefact|whilst|amongst|learnt|spelt|misspelt)\w*/i,
    say: 'American spelling',
  },
  { word: /\b(?:labell|cancell|travell|modell|signall)(?:ed|ing)\b/i, say: 'one l' },
];

/** Phrases that a reader of a comment has to read twice, each with a replacement. */
const unclear: readonly Avoided[] = [
  { word: /\bbut for\b/i, say: 'except' },
  {
    word: /\bso (?:many|much|often|long)\b(?![^.;]*\bthat\b)/i,
    say: 'this number of, or this time',
  },
  {
    word: /\btaken for\b|\bt(?:akes?|aking|ook) (?:it|them|this|that|one) for\b/i,
    say: 'considers it, or mistakes it for',
  },
  { word: /^\/[*/]+ Of\b/, say: 'a sentence with a subject' },
];

/** Folders of the product. Their messages avoid these words too. */
const product = ['handler', 'jobs', 'lib'];

/** Folders whose comments avoid these words. */
const commented = [...product, 'build', 'tools'];

/** The text of a page without its code, which may contain any word. */
const proseOfMarkdown = (text: string): string =>
  text
    .replaceAll(/^( *)```.*?^ *```$/gms, '')
    .replaceAll(/`[^`]*`/g, '')
    .replaceAll(/\]\([^)]*\)/g, ']');

const avoidedInComments = avoided.filter(({ isFineInComments }) => isFineInComments !== true);

/** The text of a comment without code, on one line, so that a phrase is found across lines. */
const proseOfComment = (comment: string): string =>
  proseOfMarkdown(comment).replaceAll(/\n\s*\*?\s*/g, ' ');

function avoidedIn(text: string, words = avoided): string[] {
  return words.flatMap(({ word, say }) => {
    const found = word.exec(text);
    if (found === null) return [];
    const around = text.slice(Math.max(0, found.index - 30), found.index + found[0].length + 30);
    return [`"${found[0]}" (say: ${say}) in: ${around.replaceAll(/\s+/g, ' ')}`];
  });
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

function assertPlain(file: string, texts: readonly string[], words = avoided): void {
  assert.deepEqual(
    texts.flatMap((text) => avoidedIn(text, words)).map((found) => `${file}: ${found}`),
    [],
  );
}

function sourcesIn(folder: string): string[] {
  const files = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root });
  assert.ok(files.length > 0);
  return files;
}

suite('plain words are used', () => {
  const documents = [...pages, ...globSync('tools/*/README.md', { cwd: root })];
  for (const page of documents) {
    test(`in ${page}`, () => {
      // Each paragraph is checked on its own, so that each finding is reported.
      assertPlain(page, proseOfMarkdown(read(page)).split(/\n\s*\n|\n(?=[|-])/));
    });
  }

  for (const file of globSync('manifests/**/*.{yaml,tpl,txt,json}', { cwd: root })) {
    test(`in ${file}`, () => {
      assertPlain(file, read(file).split('\n'));
    });
  }

  for (const folder of product) {
    test(`in the messages of ${folder}`, () => {
      for (const file of sourcesIn(folder)) {
        // A text without a blank is a name, such as the name of a field.
        const texts = textsIn(read(file)).map((parts) => parts.join('…'));
        assertPlain(
          file,
          texts.filter((text) => text.includes(' ')),
        );
      }
    });
  }

  for (const folder of commented) {
    test(`in the comments of ${folder}`, () => {
      for (const file of sourcesIn(folder)) {
        assertPlain(file, commentsIn(read(file)).map(proseOfComment), avoidedInComments);
      }
    });
  }

  for (const folder of [...commented, 'test']) {
    test(`in clear phrases, in the comments of ${folder}`, () => {
      for (const file of sourcesIn(folder)) {
        assertPlain(file, commentsIn(read(file)).map(proseOfComment), unclear);
      }
    });
  }
});

test('a word to avoid is found in a sentence, and code and names are left out', () => {
  assert.equal(avoidedIn('the fence denies it').length, 1);
  assert.equal(avoidedIn('it is no Pushgateway, and is taken off').length, 2);
  assert.deepEqual(avoidedIn('there is no cache, and it is no longer used'), []);
  assert.deepEqual(avoidedIn('Troubleshooting, remarks and benchmarks'), []);
  assert.deepEqual(avoidedIn(proseOfMarkdown('the component `fence` was renamed')), []);
});

test('an unclear phrase is found in a comment, and its clear uses are left out', () => {
  for (const comment of [
    '/** All parts, but for these. */',
    '/** Sends the body in so many pieces. */',
    '// Taken for absent, it is created.',
    '/**\n * Of the workload with the fault. */',
  ]) {
    assert.equal(avoidedIn(proseOfComment(comment), unclear).length, 1, comment);
  }
  for (const comment of [
    '/** So many processes started that each was slow. */',
    '// A kubelet takes a minute for this.',
    '/** The reason code of the workload. */',
  ]) {
    assert.deepEqual(avoidedIn(proseOfComment(comment), unclear), [], comment);
  }
});

test('comments are found, but not texts that look like comments', () => {
  assert.deepEqual(commentsIn(`call('// text'); // first\n/* second\n */ const url = \`/*\`;`), [
    '// first\n',
    '/* second\n */',
  ]);
  assert.deepEqual(
    avoidedIn(proseOfComment('/**\n * It is in\n * the way of `told`. */')).length,
    1,
  );
});
