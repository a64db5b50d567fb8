import assert from "node:assert/strict";

import fc from "fast-check";
import * as semver from "semver";

import {
  type GitHubRelease,
  type WorkflowRun,
  limitDispatches,
  overdueVersions,
  remedyOf,
  splitIntoPushes,
  tagsToCheck,
  tagsToPush,
  untaggedVersions,
  wantedVersions,
} from "../../../../commands/watch/plan";
import { requireRelease } from "../../../../images/gitTag";
import type { Withdrawn } from "../../../../images/withdrawals";

const firstVersion = "3.259.0";
const published = (...tags: string[]): GitHubRelease[] =>
  tags.map((tag_name) => ({ tag_name, draft: false, prerelease: false }));

describe("wantedVersions", () => {
  const wanted = (releases: readonly GitHubRelease[], withdrawn = {}) =>
    wantedVersions(releases, { firstVersion, withdrawn });

  it("returns released versions from the first one on, in numeric order and without duplicates", () =>
    assert.deepEqual(wanted(published("v3.1000.0", "v3.259.0", "v3.260.1", "v3.260.0", "v3.258.9", "v3.260.0")), [
      "3.259.0",
      "3.260.0",
      "3.260.1",
      "3.1000.0",
    ]));

  it("leaves out drafts, prereleases and withdrawn versions", () => {
    const [draft, prerelease] = published("v3.261.0", "v3.262.0");
    const releases = [{ ...draft!, draft: true }, { ...prerelease!, prerelease: true }, ...published("v3.263.0")];
    assert.deepEqual(wanted(releases, { "3.263.0": "yanked" }), []);
  });

  it("leaves out other kinds of tags", () =>
    assert.deepEqual(
      wanted(
        published("3.260.0", "sdk/v3.260.0", "v3.260.0-rc.1", "v3.260", "v03.260.0", "v3.260.0\n", "vv3.260.0", ""),
      ),
      [],
    ));
});

describe("tagsToPush", () => {
  const cases: [
    string,
    { wanted: string[]; waiting?: string[]; gitTags?: string[]; withdrawn?: Withdrawn },
    string[],
  ][] = [
    ["nothing if nothing was released", { wanted: [] }, []],
    ["a first version under its own tag and as latest", { wanted: ["3.259.0"] }, ["v3.259.0", "latest-v3.259.0"]],
    [
      "several versions in ascending order, then latest for the newest",
      { wanted: ["3.259.0", "3.260.0", "3.261.0"], gitTags: ["v3.259.0", "latest-v3.259.0"] },
      ["v3.260.0", "v3.261.0", "latest-v3.261.0"],
    ],
    [
      "no tag twice",
      { wanted: ["3.259.0", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0", "dev-v3.261.0"] },
      [],
    ],
    [
      "a missed older version, without moving latest",
      { wanted: ["3.259.0", "3.259.1", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0"] },
      ["v3.259.1"],
    ],
    [
      "only latest if its push was lost",
      { wanted: ["3.259.0", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.259.0"] },
      ["latest-v3.260.0"],
    ],
    [
      "latest for the newest version that can be built",
      { wanted: ["3.259.0", "3.260.0", "3.261.0"], waiting: ["3.261.0"], gitTags: ["v3.259.0", "latest-v3.259.0"] },
      ["v3.260.0", "latest-v3.260.0"],
    ],
    ["no version that cannot be built yet", { wanted: ["3.259.0"], waiting: ["3.259.0"] }, []],
    [
      "no latest below one that was pushed by hand",
      { wanted: ["3.259.0"], gitTags: ["latest-v3.300.0"] },
      ["v3.259.0"],
    ],
    [
      "latest below a withdrawn latest",
      {
        wanted: ["3.259.0"],
        gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0"],
        withdrawn: { "3.260.0": "crashes" },
      },
      ["latest-v3.259.0"],
    ],
  ];
  for (const [name, { wanted, waiting = [], gitTags = [], withdrawn = {} }, expected] of cases) {
    it(`returns ${name}`, () => assert.deepEqual(tagsToPush(wanted, waiting, { gitTags, withdrawn }), expected));
  }

  it("is split into pushes of at most three, in the same order", () => {
    assert.deepEqual(splitIntoPushes([]), []);
    assert.deepEqual(splitIntoPushes(["1", "2", "3"]), [["1", "2", "3"]]);
    assert.deepEqual(splitIntoPushes(["1", "2", "3", "4"]), [["1", "2", "3"], ["4"]]);
  });

  const version = fc
    .tuple(fc.constant(3), fc.integer({ min: 257, max: 263 }), fc.nat(2))
    .map((parts) => parts.join("."));
  const versions = fc.uniqueArray(version, { maxLength: 8 });
  const tag = fc.tuple(fc.constantFrom("v", "latest-v", "dev-v", "nightly-"), version).map((parts) => parts.join(""));
  const situation = fc.record({
    releases: fc.array(
      fc.record({ tag_name: version.map((text) => `v${text}`), draft: fc.boolean(), prerelease: fc.boolean() }),
      { maxLength: 12 },
    ),
    waiting: versions,
    gitTags: fc.uniqueArray(tag, { maxLength: 12 }),
    withdrawn: versions.map((list) => Object.fromEntries(list.map((text) => [text, "yanked"]))),
  });
  type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

  const plan = ({ releases, waiting, gitTags, withdrawn }: Situation) =>
    tagsToPush(wantedVersions(releases, { firstVersion, withdrawn }), waiting, { gitTags, withdrawn });

  const holds = (property: (tags: string[], given: Situation) => void) =>
    fc.assert(
      fc.property(situation, (given) => property(plan(given), given)),
      { numRuns: 1000 },
    );

  it("leaves nothing to do once its tags are pushed", () =>
    holds((tags, given) => assert.deepEqual(plan({ ...given, gitTags: [...given.gitTags, ...tags] }), [])));

  it("continues with the remaining tags if a run ended after some pushes", () =>
    holds((tags, given) => {
      splitIntoPushes(tags).reduce((before, push) => {
        assert.deepEqual(plan({ ...given, gitTags: [...given.gitTags, ...before] }), tags.slice(before.length));
        return [...before, ...push];
      }, [] as string[]);
    }));

  it("returns the same own tags in total, whether or not some versions waited at first", () =>
    holds((tags, given) => {
      const after = plan({ ...given, waiting: [], gitTags: [...given.gitTags, ...tags] });
      const own = (list: string[]) => list.filter((text) => text.startsWith("v"));
      assert.deepEqual([...own(tags), ...own(after)].sort(), own(plan({ ...given, waiting: [] })).sort());
    }));

  it("returns only released versions that are no draft, prerelease, withdrawn, waiting or before the first", () =>
    holds((tags, { releases, waiting, gitTags, withdrawn }) => {
      for (const text of tags) {
        const { pulumiVersion, tag: image, stack } = requireRelease(text);
        assert.equal(stack, "prod");
        assert.ok(
          releases.some((one) => one.tag_name === `v${pulumiVersion}` && !one.draft && !one.prerelease),
          text,
        );
        assert.ok(!(pulumiVersion in withdrawn) && semver.gte(pulumiVersion, firstVersion), text);
        assert.ok(!gitTags.includes(text), text);
        // latest may be a version that was released before, whether or not its files still exist.
        const released = image === "latest" && gitTags.includes(`v${pulumiVersion}`);
        assert.ok(released || !waiting.includes(pulumiVersion), text);
      }
    }));

  it("returns latest at most once, last, for the newest tagged version, and never below another latest", () =>
    holds((tags, { releases, gitTags, withdrawn }) => {
      const latest = tags.filter((text) => text.startsWith("latest-"));
      if (latest.length === 0) return;
      assert.deepEqual(latest, tags.slice(-1));
      const { pulumiVersion } = requireRelease(latest[0] ?? "");
      const wanted = wantedVersions(releases, { firstVersion, withdrawn });
      const tagged = wanted.filter((text) => [...gitTags, ...tags].includes(`v${text}`));
      assert.equal(pulumiVersion, tagged.at(-1));
      for (const other of gitTags.filter((text) => text.startsWith("latest-v"))) {
        const { pulumiVersion: there } = requireRelease(other);
        assert.ok(there in withdrawn || semver.gt(pulumiVersion, there), `${pulumiVersion} after ${there}`);
      }
    }));

  it("returns ascending versions, and every push but the last is full", () =>
    holds((tags) => {
      const own = tags.filter((text) => text.startsWith("v")).map((text) => text.slice(1));
      assert.deepEqual(own, [...own].sort(semver.compare));
      const pushes = splitIntoPushes(tags);
      assert.deepEqual(pushes.flat(), tags);
      assert.ok(pushes.every(({ length }, index) => length === 3 || (length > 0 && index === pushes.length - 1)));
    }));

  it("leaves no version untagged that can be built", () =>
    holds((tags, { releases, waiting, gitTags, withdrawn }) => {
      const wanted = wantedVersions(releases, { firstVersion, withdrawn });
      const left = untaggedVersions(wanted, [...gitTags, ...tags]);
      assert.deepEqual(
        left.filter((text) => !waiting.includes(text)),
        [],
      );
    }));
});

describe("tagsToCheck", () => {
  const gitTags = ["v3.258.0", "v3.259.0", "v3.260.0", "dev-v3.261.0", "latest-v3.259.0", "latest-v3.260.0", "nightly"];
  const check = (withdrawn = {}, pushed: string[] = []) => tagsToCheck({ gitTags, firstVersion, withdrawn }, pushed);

  it("returns every release tag from the first version on, and the highest latest-v", () =>
    assert.deepEqual(check(), ["v3.259.0", "v3.260.0", "dev-v3.261.0", "latest-v3.260.0"]));

  it("leaves out withdrawn versions", () =>
    assert.deepEqual(check({ "3.260.0": "crashes" }), ["v3.259.0", "dev-v3.261.0", "latest-v3.259.0"]));

  it("leaves out tags that have just been pushed, and a latest that one of those supersedes", () =>
    assert.deepEqual(check({}, ["v3.261.0", "latest-v3.261.0", "v3.260.0"]), ["v3.259.0", "dev-v3.261.0"]));
});

describe("overdueVersions", () => {
  it("returns versions that Pulumi published more than six hours ago", () => {
    const releases = [
      { tag_name: "v3.260.0", published_at: "2026-11-18T13:00:00Z" },
      { tag_name: "v3.261.0", published_at: "2026-11-18T13:00:01Z" },
      { tag_name: "v3.262.0", published_at: null },
    ];
    const overdue = (...waiting: string[]) => overdueVersions(waiting, releases, new Date("2026-11-18T19:00:01Z"));
    assert.deepEqual(overdue("3.260.0", "3.261.0", "3.262.0", "3.263.0"), ["3.260.0"]);
    assert.deepEqual(overdue(), []);
  });
});

describe("remedyOf", () => {
  const run = (conclusion: string | null, tag = "v3.260.0", status = "completed"): WorkflowRun => ({
    display_title: `Release ${tag}`,
    status,
    conclusion,
    html_url: `https://example.com/${conclusion ?? status}`,
  });
  const cases: [string, WorkflowRun[], string][] = [
    ["never ran", [], "dispatch"],
    ["failed twice", [run("failure"), run("failure")], "dispatch"],
    ["failed three times", [run("timed_out"), run("cancelled"), run("startup_failure")], "failing"],
    [
      "failed three times since it succeeded",
      [...Array<WorkflowRun>(3).fill(run("failure")), run("success")],
      "failing",
    ],
    ["succeeded among the last three", [run("failure"), run("success"), run("failure"), run("failure")], "dispatch"],
    [
      "failed three times under other tags",
      ["latest-v3.260.0", "dev-v3.260.0", "v3.260.01"].map((tag) => run("failure", tag)),
      "dispatch",
    ],
    ...["queued", "in_progress", "waiting", "pending", "requested"].map((status): [string, WorkflowRun[], string] => [
      `is ${status}`,
      [run("failure"), run("failure"), run("failure"), run(null, "v3.260.0", status)],
      "running",
    ]),
  ];
  for (const [name, runs, kind] of cases) {
    it(`is "${kind}" if the release ${name}`, () => assert.equal(remedyOf("v3.260.0", runs).kind, kind));
  }

  it("names the last run of a release that keeps failing", () =>
    assert.deepEqual(remedyOf("v3.260.0", [run("cancelled"), run("failure"), run("failure")]), {
      kind: "failing",
      url: "https://example.com/cancelled",
    }));
});

describe("limitDispatches", () => {
  it("postpones all but ten dispatches, and counts no other remedies", () => {
    const dispatches = [...Array(12).keys()].map(() => ({ remedy: { kind: "dispatch" } as const }));
    const kinds = limitDispatches([{ remedy: { kind: "failing", url: "" } }, ...dispatches]).map(
      (one) => one.remedy.kind,
    );
    assert.deepEqual(kinds, ["failing", ...Array<string>(10).fill("dispatch"), "postpone", "postpone"]);
  });
});
