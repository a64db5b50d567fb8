import assert from "node:assert/strict";

import fc from "fast-check";
import * as semver from "semver";

import {
  type GitHubRelease,
  type Remedy,
  type WorkflowRun,
  isOverdue,
  limitDispatches,
  remedyOf,
  splitIntoPushes,
  tagsToCheck,
  tagsToPush,
  untaggedVersions,
  wantedVersions,
} from "../../../../commands/watch/plan";
import { requireRelease } from "../../../../images/gitTag";
import type { Withdrawn } from "../../../../images/withdrawals";

const firstVersion = "3.2.0";
const state = (gitTags: readonly string[] = [], withdrawn: Withdrawn = {}) => ({ firstVersion, withdrawn, gitTags });
const words = (text: string) => text.split(" ").filter(Boolean);

function release(tag_name: string, others: Partial<GitHubRelease> = {}): GitHubRelease {
  return { tag_name, draft: false, prerelease: false, published_at: null, ...others };
}

describe("wantedVersions", () => {
  const unwanted = [release("v3.3.0", { draft: true }), release("v3.4.0", { prerelease: true }), release("v3.9.0")];
  const otherTags = ["3.3.0", "sdk/v3.3.0", "v3.3.0-rc.1", "v3.3", "v03.3.0", "v3.3.0\n", "vv3.3.0", ""];
  const unordered = words("v3.10.0 v3.2.0 v3.3.1 v3.3.0 v3.1.9 v3.3.0");
  for (const [name, releases, versions] of [
    ["returns versions from the first one on, in order and once", unordered, "3.2.0 3.3.0 3.3.1 3.10.0"],
    ["leaves out drafts, prereleases and withdrawn versions", unwanted, ""],
    ["leaves out other kinds of tags", otherTags, ""],
  ] as const) {
    it(name, () => {
      const list = releases.map((one) => (typeof one === "string" ? release(one) : one));
      assert.deepEqual(wantedVersions(list, state([], { "3.9.0": "yanked" })), words(versions));
    });
  }
});

describe("tagsToPush", () => {
  for (const [name, wanted, waiting, gitTags, expected] of [
    ["nothing if nothing was released", "", "", "", ""],
    ["a first version under its own tag and as latest", "3.2.0", "", "", "v3.2.0 latest-v3.2.0"],
    ["versions, then latest for the newest", "3.2.0 3.3.0 3.4.0", "", "v3.2.0", "v3.3.0 v3.4.0 latest-v3.4.0"],
    ["no tag twice", "3.2.0 3.3.0", "", "v3.2.0 v3.3.0 latest-v3.3.0 dev-v3.4.0", ""],
    ["a missed older version alone", "3.2.0 3.2.1 3.3.0", "", "v3.2.0 v3.3.0 latest-v3.3.0", "v3.2.1"],
    ["only latest if its push was lost", "3.2.0 3.3.0", "", "v3.2.0 v3.3.0 latest-v3.2.0", "latest-v3.3.0"],
    ["latest for a version that can be built", "3.2.0 3.3.0 3.4.0", "3.4.0", "v3.2.0", "v3.3.0 latest-v3.3.0"],
    ["no version that cannot be built yet", "3.2.0", "3.2.0", "", ""],
    ["no latest below one that was pushed by hand", "3.2.0", "", "latest-v3.9.9", "v3.2.0"],
    ["latest below a withdrawn latest", "3.2.0", "", "v3.2.0 v3.9.0 latest-v3.9.0", "latest-v3.2.0"],
  ] as const) {
    it(`returns ${name}`, () => {
      const tags = tagsToPush(words(wanted), words(waiting), state(words(gitTags), { "3.9.0": "crashes" }));
      assert.deepEqual(tags, words(expected));
    });
  }

  it("is split into pushes of at most three, in the same order", () => {
    assert.deepEqual(splitIntoPushes([]), []);
    assert.deepEqual(splitIntoPushes(["1", "2", "3"]), [["1", "2", "3"]]);
    assert.deepEqual(splitIntoPushes(["1", "2", "3", "4"]), [["1", "2", "3"], ["4"]]);
  });
});

describe("tagsToPush, whatever the situation", () => {
  const version = fc.tuple(fc.constant(3), fc.nat(6), fc.nat(2)).map((parts) => parts.join("."));
  const versions = fc.uniqueArray(version, { maxLength: 8 });
  const tag = fc.tuple(fc.constantFrom("v", "latest-v", "dev-v", "nightly-"), version).map((parts) => parts.join(""));
  const tagName = version.map((text) => `v${text}`);
  const flags = { draft: fc.boolean(), prerelease: fc.boolean(), published_at: fc.constant(null) };
  const situation = fc.record({
    releases: fc.array(fc.record({ tag_name: tagName, ...flags }), { maxLength: 12 }),
    waiting: versions,
    gitTags: fc.uniqueArray(tag, { maxLength: 12 }),
    withdrawn: versions.map((list) => Object.fromEntries(list.map((text) => [text, "yanked"]))),
  });
  type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

  const wantedIn = ({ releases, withdrawn }: Situation) => wantedVersions(releases, state([], withdrawn));
  const plan = (given: Situation) => tagsToPush(wantedIn(given), given.waiting, state(given.gitTags, given.withdrawn));
  const after = (given: Situation, tags: readonly string[]) => ({ ...given, gitTags: [...given.gitTags, ...tags] });
  const own = (tags: readonly string[]) => tags.filter((text) => text.startsWith("v"));

  /** Declares a test of a property of every situation and the tags that are pushed in it. */
  const holds = (name: string, property: (tags: string[], given: Situation) => void) =>
    it(name, () => {
      const ofAll = fc.property(situation, (given) => property(plan(given), given));
      fc.assert(ofAll, { numRuns: 1000 });
    });

  holds(
    "continues with the remaining tags if a run ended after some pushes, and ends after the last",
    (tags, given) => {
      [...splitIntoPushes(tags), []].reduce((before, push) => {
        assert.deepEqual(plan(after(given, before)), tags.slice(before.length));
        return [...before, ...push];
      }, []);
    },
  );

  holds("returns the same own tags in total, whether or not some versions waited at first", (tags, given) => {
    const rest = plan({ ...after(given, tags), waiting: [] });
    assert.deepEqual([...own(tags), ...own(rest)].sort(), own(plan({ ...given, waiting: [] })).sort());
  });

  holds("returns only wanted versions, and none that is waiting or tagged", (tags, given) => {
    for (const text of tags) {
      const { pulumiVersion, tag: image, stack } = requireRelease(text);
      assert.equal(stack, "prod");
      const isReleased = given.releases.some(
        (one) => one.tag_name === `v${pulumiVersion}` && !one.draft && !one.prerelease,
      );
      assert.ok(isReleased && !(pulumiVersion in given.withdrawn) && semver.gte(pulumiVersion, firstVersion), text);
      assert.ok(!given.gitTags.includes(text), text);
      // latest may be a version that was released before, whether or not its files still exist.
      const isTagged = image === "latest" && given.gitTags.includes(`v${pulumiVersion}`);
      assert.ok(isTagged || !given.waiting.includes(pulumiVersion), text);
    }
  });

  holds("returns latest at most once, last, for the newest tagged version, never below another", (tags, given) => {
    const latest = tags.filter((text) => text.startsWith("latest-"));
    if (latest.length === 0) return;
    assert.deepEqual(latest, tags.slice(-1));
    const { pulumiVersion } = requireRelease(latest[0] ?? "");
    const tagged = wantedIn(given).filter((text) => after(given, tags).gitTags.includes(`v${text}`));
    assert.equal(pulumiVersion, tagged.at(-1));
    for (const other of given.gitTags.filter((text) => text.startsWith("latest-v"))) {
      const { pulumiVersion: there } = requireRelease(other);
      assert.ok(there in given.withdrawn || semver.gt(pulumiVersion, there), `${pulumiVersion} after ${there}`);
    }
  });

  holds("leaves no version untagged that can be built", (tags, given) => {
    const left = untaggedVersions(wantedIn(given), after(given, tags).gitTags);
    assert.ok(left.every((text) => given.waiting.includes(text)));
  });
});

describe("tagsToCheck", () => {
  const gitTags = words("v3.1.0 v3.2.0 v3.3.0 dev-v3.4.0 latest-v3.2.0 latest-v3.3.0 nightly");
  const pushed = words("v3.4.0 latest-v3.4.0 v3.3.0");
  const crashes = { "3.3.0": "crashes" };
  for (const [name, withdrawn, justPushed, expected] of [
    ["returns release tags from the first on, and one latest", {}, [], "v3.2.0 v3.3.0 dev-v3.4.0 latest-v3.3.0"],
    ["leaves out withdrawn versions", crashes, [], "v3.2.0 dev-v3.4.0 latest-v3.2.0"],
    ["leaves out what was just pushed, and a superseded latest", {}, pushed, "v3.2.0 dev-v3.4.0"],
  ] as const) {
    it(name, () => assert.deepEqual(tagsToCheck(state(gitTags, withdrawn), justPushed), words(expected)));
  }
});

it("isOverdue is true for versions that Pulumi published more than six hours ago", () => {
  const releases = [
    release("v3.3.0", { published_at: "2026-11-18T13:00:00Z" }),
    release("v3.4.0", { published_at: "2026-11-18T13:00:01Z" }),
    release("v3.5.0"),
  ];
  const now = new Date("2026-11-18T19:00:01Z");
  const overdue = ["3.3.0", "3.4.0", "3.5.0", "3.6.0"].filter((text) => isOverdue(text, releases, now));
  assert.deepEqual(overdue, ["3.3.0"]);
});

describe("remedyOf", () => {
  const run = (conclusion: string | null, tag = "v3.3.0", status = "completed"): WorkflowRun => ({
    ...{ display_title: `Release ${tag}`, status, conclusion },
    html_url: `https://example.com/${conclusion ?? status}`,
  });
  const failed = run("failure");
  const others = ["latest-v3.3.0", "dev-v3.3.0", "v3.3.01"].map((tag) => run("failure", tag));
  const dispatch: Remedy = { kind: "dispatch" };
  const failing = (last: string): Remedy => ({ kind: "failing", url: `https://example.com/${last}` });
  const cases: [string, WorkflowRun[], Remedy][] = [
    ["never ran", [], dispatch],
    ["failed twice", [failed, failed], dispatch],
    ["failed three times", ["timed_out", "cancelled", "startup_failure"].map((end) => run(end)), failing("timed_out")],
    ["failed three times since it succeeded", [failed, failed, failed, run("success")], failing("failure")],
    ["succeeded among the last three", [failed, run("success"), failed, failed], dispatch],
    ["failed three times under other tags", others, dispatch],
    ...["queued", "in_progress", "waiting", "pending", "requested"].map((status): [string, WorkflowRun[], Remedy] => [
      `is ${status}`,
      [failed, failed, failed, run(null, "v3.3.0", status)],
      { kind: "running", url: `https://example.com/${status}` },
    ]),
  ];
  for (const [name, runs, remedy] of cases) {
    it(`is "${remedy.kind}" if the release ${name}`, () => assert.deepEqual(remedyOf("v3.3.0", runs), remedy));
  }
});

it("limitDispatches postpones all but ten dispatches, and counts no other remedies", () => {
  const dispatches = Array.from({ length: 12 }, (): Remedy => ({ kind: "dispatch" }));
  const kinds = limitDispatches([{ kind: "failing" }, ...dispatches]).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["failing", ...Array<string>(10).fill("dispatch"), "postpone", "postpone"]);
});
