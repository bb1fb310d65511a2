-- SPDX-License-Identifier: MIT
-- What `require "perilune"` gives: the version, and two modules that many files want.
return {
  version = require("perilune._core").version,
  null = require "perilune.null",
  settings = require "perilune.settings",
}
