-- SPDX-License-Identifier: MIT
-- Routes that work, but probably not as they were meant.
local checks = require "perilune.checks"
local urls = require "perilune.urls"

checks.register(function()
  local found = {}
  for i, problem in ipairs(urls._check()) do
    local make = problem.id:find("%.E") and checks.Error or checks.Warning
    found[i] = make(problem.text, { id = problem.id, obj = problem.where })
  end
  return found
end, { tags = { "urls" } })
