import assert from "node:assert/strict";
import type { Server } from "node:http";

import { versionLabel } from "../../../images/labels";
import { guardLatest } from "../../../images/latest";
import { Fault } from "../../../lib/errors";
import type { Credentials } from "../../../lib/oci/repositoryClient";
import { serve } from "../../helpers/http";
import { latestImage } from "../../helpers/latestImage";
import { skipDelays } from "../../helpers/skipDelays";

const version = (text: string) => ({ [versionLabel]: text });

describe("latest", () => {
  skipDelays();
  let server: Server;
  let registry: string;
  let url: string;

  before(async () => {
    ({ server, url } = await serve({
      ...latestImage("is-66", version("3.66.0")),
      ...latestImage("is-66-too", version("3.66.0")),
      ...latestImage("is-64", version("3.64.0")),
      ...latestImage("without-labels", null),
      ...latestImage("with-another-label", { maintainer: "someone" }),
      ...latestImage("with-a-version-of-its-base", version("24.04")),
      ...latestImage("with-platforms", version("3.66.0")),
      "/v2/with-platforms/manifests/latest": '{"manifests":[{"digest":"sha256:amd64"}]}',
      "/v2/with-platforms/manifests/sha256:amd64": '{"config":{"digest":"sha256:with-platforms"}}',
      "/v2/broken/manifests/latest": 500,
      "/v2/not-json/manifests/latest": "<html>",
      "/v2/with-password/manifests/latest": ({ headers }) =>
        headers.authorization === `Basic ${Buffer.from("AWS:secret").toString("base64")}`
          ? { status: 404 }
          : { status: 401, headers: { "www-authenticate": `Basic realm="Registry"` } },
    }));
    registry = url.replace("http://", "");
  });
  after(() => server.close());

  /** Guards these repositories. */
  const guard = (names: string[], asked: string, withdrawn = {}, credentials?: Credentials) =>
    guardLatest(
      { expectedUri: (name) => `${registry}/${name}`, credentials },
      names.map((name) => ({ name })),
      asked,
      withdrawn,
    );

  const allowed: [string, string[], string][] = [
    ["a version after an image without a Pulumi version", ["with-a-version-of-its-base"], "3.1.0"],
    ["a newer version", ["is-66"], "3.67.0"],
    ["a newer version by number, not by text", ["is-66"], "3.100.0"],
    ["the same version", ["is-66", "is-66-too"], "3.66.0"],
    ["a first version", ["not-there"], "3.1.0"],
    ["a version after an image without labels", ["without-labels", "with-another-label"], "3.1.0"],
  ];
  for (const [name, repositories, asked] of allowed) it(`may be ${name}`, () => guard(repositories, asked));

  /** Asserts that the guard refuses with this message. */
  const refuses = (refusal: Promise<void>, message: string | RegExp) =>
    assert.rejects(refusal, (error) => {
      assert.ok(error instanceof Fault);
      if (typeof message === "string") assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    });

  it("is never downgraded, and the refusal describes how to roll back", () =>
    refuses(
      guard(["not-there", "is-66"], "3.64.0"),
      "latest of is-66 is Pulumi 3.66.0, which is newer than 3.64.0.\n" +
        'latest is never downgraded. To roll back on purpose, add "3.66.0" with the reason to images/withdrawn.json, ' +
        "then push latest-v3.64.0 again.",
    ));

  it("is refused in one message, which names each version once with its languages", () =>
    refuses(
      guard(["is-66", "is-64", "without-labels", "is-66-too"], "3.63.0"),
      "latest of is-66, is-66-too is Pulumi 3.66.0, which is newer than 3.63.0.\n" +
        "latest of is-64 is Pulumi 3.64.0, which is newer than 3.63.0.\n" +
        'latest is never downgraded. To roll back on purpose, add "3.66.0", "3.64.0" with the reason to ' +
        "images/withdrawn.json, then push latest-v3.63.0 again.",
    ));

  it("may be downgraded from a withdrawn version", () => guard(["is-66"], "3.64.0", { "3.66.0": "yanked" }));

  it("is read from an image with several platforms", () =>
    refuses(guard(["with-platforms"], "3.64.0"), /is Pulumi 3\.66\.0/));

  it("is read with the registry's credentials", () =>
    guard(["with-password"], "3.64.0", {}, { username: "AWS", password: "secret" }));

  for (const [name, why] of [
    ["broken", "\\S+/v2/broken/manifests/latest answers 500"],
    ["not-json", "Unexpected token .* is not valid JSON"],
    ["with-password", "\\S+/v2/with-password/manifests/latest answers 401"],
  ] as const) {
    it(`is not moved if the registry's response is ${name}`, () =>
      refuses(
        guard([name], "3.67.0"),
        new RegExp(
          `^Cannot determine the version of ${name}'s latest: ${why}\\.\n` +
            "No tag was moved\\. Retry when the registry can be read\\.$",
        ),
      ));
  }

  it("is not moved if the registry cannot be reached", () =>
    refuses(
      guardLatest({ expectedUri: () => "127.0.0.1:9/x", credentials: undefined }, [{ name: "x" }], "3.67.0"),
      /x's latest: Could not reach http:\/\/127\.0\.0\.1:9\/v2\/x\/manifests\/latest: /,
    ));

  it("is refused with all reasons in one message", () =>
    refuses(
      guard(["broken", "is-66"], "3.64.0"),
      /^latest of is-66 is .*\nlatest is never downgraded\. .*\nCannot determine the version of broken's latest: .*\nNo tag was moved\./,
    ));
});
