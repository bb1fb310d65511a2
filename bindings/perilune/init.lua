-- SPDX-License-Identifier: MIT
-- What `require "perilune"` gives: the version, the number of the worker process that runs
-- this (1 and up; nil in commands), and two modules that many files want.
return {
  version = require("perilune._core").version,
  worker = require("perilune._core").worker,
  null = require "perilune.null",
  settings = require "perilune.settings",
}
