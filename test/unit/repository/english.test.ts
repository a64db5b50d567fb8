import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { execaSync } from "execa";

import { checkout } from "../../../local/folder";

/** A phrase that is not used: a regular expression in which a space also matches a line break in a comment. */
interface Phrase {
  readonly pattern: string;
  /** What to write instead. */
  readonly use: string;
  /** A text that is refused. */
  readonly example: string;
}

/** The worst phrases of CONTRIBUTING.md's vocabulary: few of them are right in any sentence. */
const phrases: readonly Phrase[] = [
  { pattern: "be had", use: "available", example: "It cannot be had" },
  { pattern: "(stand-ins?|stood in for)", use: "fake, substitute", example: "a stand-in" },
  { pattern: "stands? (in|there|twice|beside|before)", use: "fakes, is stored, appears", example: "stands in for AWS" },
  { pattern: "(?<!there )(is|are) no(?! longer)", use: "is not a", example: "a file that is no workflow" },
  { pattern: "(what|nothing) is asked", use: "a noun: policy, input", example: "What is asked of it" },
  { pattern: "be told (?!apart)", use: "unknown", example: "It cannot be told which" },
  { pattern: "untold", use: "unknown", example: "untold" },
  { pattern: "(is|are|was|were) to be", use: "must, should", example: "It is to be there" },
  { pattern: "(has|have) to", use: "must, should", example: "It has to be there" },
  { pattern: "mend(s|ed|ing)?", use: "fix", example: "Mend it" },
  { pattern: "go(es|ing)? back", use: "downgrade", example: "latest does not go back" },
  { pattern: "patien(ce|tly)", use: "timeout, with retries", example: "patience" },
  { pattern: "whoever", use: "anyone who, the name of the role", example: "whoever builds it" },
  { pattern: "(of|ones?|release|image|version|tag) before(?=[.,:;)]|$)", use: "previous", example: "the one before." },
  { pattern: "by then", use: "already, meanwhile", example: "made by then" },
  { pattern: "where (there|none|nothing|neither|nobody)", use: "if, when", example: "where there is one" },
  { pattern: "throws an? \\w+ (where|when|if|that|with)", use: "@throws", example: "Throws a Fault where" },
  { pattern: "(made|written) again", use: "recreated, rewritten", example: "is made again" },
  { pattern: "releas(e|es|ed|ing) (\\w+ )?again", use: "re-release", example: "releasing it again" },
  { pattern: "(see|sees|saw) to it", use: "ensure", example: "Sees to it that" },
  { pattern: "lists? of (checksums|sums)", use: "checksum file", example: "a list of sums" },
  {
    pattern: "(bring|brings|brought) (up|along|with)",
    use: "start, contain, install",
    example: "brings it up, brings up",
  },
  { pattern: "in the place of", use: "instead of", example: "in the place of a build" },
  { pattern: "anew", use: "again, rewrite", example: "written anew" },
  { pattern: "aloud", use: "explicit", example: "said aloud" },
  { pattern: "became of", use: "result of", example: "what became of it" },
  { pattern: "one after the other", use: "sequential", example: "one after the other" },
  { pattern: "as anyone (may|can|does)", use: "anonymously", example: "as anyone may" },
  { pattern: "(does|do|did) not take (it|them|what|any)", use: "accept", example: "does not take it" },
  // Capitalized, so at the start of a sentence: programs and functions do not talk.
  { pattern: "(?-i:Gives|Tells|Says|Brings)", use: "@returns, reports, logs, installs", example: "Gives the digest." },
];

function compile(pattern: string): RegExp {
  return new RegExp(`(?<![\\w-])(?:${pattern.replaceAll(" ", "[\\s/*#]+")})(?![\\w-])`, "gim");
}

function proseOf(file: string): string {
  const text = readFileSync(join(checkout, file), "utf8");
  return file === "CONTRIBUTING.md" ? text.replace(/^## Vocabulary[^]*/m, "") : text;
}

const own = relative(checkout, __filename);
const files = execaSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: checkout })
  .stdout.split("\n")
  .filter((file) => file !== own && !/(^|\/)(package-lock\.json|go\.sum|LICENSE)$/.test(file))
  .filter((file) => existsSync(join(checkout, file)));
const proses = files.map((file) => [file, proseOf(file)] as const);

describe("English", () => {
  for (const { pattern, use, example } of phrases) {
    it(`uses "${use}" instead of /${pattern}/`, () => {
      assert.match(example, compile(pattern));
      const hits = proses.flatMap(([file, prose]) =>
        [...prose.matchAll(compile(pattern))].map(
          ({ index, 0: found }) => `${file}:${prose.slice(0, index).split("\n").length} ${found.replace(/\s+/g, " ")}`,
        ),
      );
      assert.ok(hits.length === 0, `See "Vocabulary" in CONTRIBUTING.md. Use: ${use}.\n${hits.join("\n")}`);
    });
  }

  it("finds a phrase that a comment wraps", () => assert.match("It cannot be\n   * had here", compile("be had")));
});
