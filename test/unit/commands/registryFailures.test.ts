import assert from "node:assert/strict";

import { registryFailures } from "../../../commands/registryFailures";

// As distribution 3.1.1 logs them when its disk is full, without some of the fields.
const full =
  'time="2026-11-26T20:31:26.189559336Z" level=error msg="response completed with error" err.code=unknown ' +
  'err.detail="write /x/registry/docker/registry/v2/repositories/a/_uploads/1/data: no space left on device" ' +
  'err.message="unknown error" http.request.method=PUT http.response.duration=68.939201ms http.response.status=500 http.response.written=228';
const lines = [
  'time="2026-11-26T20:31:26.11Z" level=error msg="response completed with error" err.code="blob unknown" err.detail="sha256:34" ' +
    'err.message="blob unknown to registry" http.request.method=HEAD http.response.status=404 http.response.written=157',
  full,
  '127.0.0.1 - - [26/Nov/2026:20:31:26 +0000] "PUT /v2/a/blobs/uploads/1?digest=sha256%3A80 HTTP/1.1" 500 228 "" "buildkit/v0.0-dev"',
  full,
  'time="2026-11-26T20:31:26.19Z" level=error msg="upload resumed at wrong offset: 19988480 != 0" http.request.method=PUT',
  'time="2026-11-26T20:31:26.19Z" level=error msg="response completed with error" err.code="range invalid" ' +
    'err.message="invalid content range" http.request.method=PUT http.response.status=416 http.response.written=72',
];

describe("registryFailures", () => {
  it("finds the reasons of answers 5xx, each once, and no reasons of other answers", () => {
    const reason = "write /x/registry/docker/registry/v2/repositories/a/_uploads/1/data: no space left on device";
    assert.deepEqual(registryFailures(lines.join("\n")), [reason]);
    assert.deepEqual(registryFailures(""), []);
  });
});
