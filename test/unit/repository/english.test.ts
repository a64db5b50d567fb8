import assert from "node:assert/strict";
import { relative } from "node:path";

import { checkout } from "../../../local/folder";
import { listFiles, readFile } from "../../helpers/checkoutFiles";

/**
 * The worst phrases of CONTRIBUTING.md's vocabulary: few of them are right in any sentence. Each is a regular expression in
 * which a space also matches a line break in a comment; then what to write instead, and a text that is refused.
 */
const phrases: readonly (readonly [pattern: string, use: string, example: string])[] = [
  ["be had", "available", "It cannot be had"],
  ["(stand-ins?|stood in for)", "fake, substitute", "a stand-in"],
  ["stands? (in|there|twice|beside|before)", "fakes, is stored, appears", "stands in for AWS"],
  ["(?<!there )(is|are) no(?! longer)", "is not a", "a file that is no workflow"],
  ["(what|nothing) is asked", "a noun: policy, input", "What is asked of it"],
  ["be told(?! apart)", "unknown", "It cannot be told which"],
  ["untold", "unknown", "untold"],
  ["(is|are|was|were) to be", "must, should", "It is to be there"],
  ["(has|have) to", "must, should", "It has to be there"],
  ["mend(s|ed|ing)?", "fix", "Mend it"],
  ["go(es|ing)? back", "downgrade", "latest does not go back"],
  ["patien(ce|tly)", "timeout, with retries", "patience"],
  ["whoever", "anyone who, the name of the role", "whoever builds it"],
  ["(of|ones?|release|image|version|tag) before(?=[.,:;)]|$)", "previous", "the one before."],
  ["by then", "already, meanwhile", "made by then"],
  ["where (there|none|nothing|neither|nobody)", "if, when", "where there is one"],
  ["throws an? \\w+ (where|when)", "throws … if, @throws", "Throws a Fault where"],
  ["(made|written) again", "recreated, rewritten", "is made again"],
  ["releas(e|es|ed|ing) (\\w+ )?again", "re-release", "releasing it again"],
  ["(see|sees|saw) to it", "ensure", "Sees to it that"],
  ["lists? of (checksums|sums)", "checksum file", "a list of sums"],
  ["(bring|brings|brought) (up|along|with)", "start, contain, install", "brings it up, brings up"],
  ["in the place of", "instead of", "in the place of a build"],
  ["anew", "again, rewrite", "written anew"],
  ["aloud", "explicit", "said aloud"],
  ["became of", "result of", "what became of it"],
  ["one after the other", "sequential", "one after the other"],
  ["as anyone (may|can|does)", "anonymously", "as anyone may"],
  ["(does|do|did) not take (it|them|what|any)", "accept", "does not take it"],
  // Capitalized, so at the start of a sentence: programs and functions do not talk.
  ["(?-i:Gives|Tells|Says|Brings)", "@returns, reports, logs, installs", "Gives the digest."],
];

function compile(pattern: string): RegExp {
  return new RegExp(`(?<![\\w-])(?:${pattern.replaceAll(" ", "[\\s/*#]+")})(?![\\w-])`, "gim");
}

const own = relative(checkout, __filename);
const files = listFiles().filter((file) => file !== own && !/(^|\/)(package-lock\.json|go\.sum|LICENSE)$/.test(file));
const proses = files.map((file) => {
  const text = readFile(file);
  return [file, file === "CONTRIBUTING.md" ? text.replace(/^## Vocabulary[^]*/m, "") : text] as const;
});

describe("English", () => {
  for (const [pattern, use, example] of phrases) {
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
