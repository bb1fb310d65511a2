-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = false
unused_args = false
exclude_files = { "build" }

-- `perilune test` and the harness give these to test files.
files["**/*_test.lua"].read_globals = { "describe", "it", "before_each", "after_each", "setup", "teardown", "pending" }
files["**/test_*.lua"].read_globals = {
  "describe", "context", "it", "before_each", "after_each", "setup", "teardown", "pending", "finally",
  assert = { other_fields = true },
}
files["bindings/meta"].ignore = { "211", "212", "241", "631" }
-- Runs inside nginx.
files["tests/bench/peers/nginx-lua"].std = "ngx_lua"
