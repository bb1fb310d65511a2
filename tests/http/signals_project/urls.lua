-- SPDX-License-Identifier: MIT
local http = require "perilune.http"
local urls = require "perilune.urls"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local notes = require "shop.notes"

local path = urls.path

return {
  path("ok/", function() return "fine" end),
  path("wait/", function() fiber.sleep(0.01) return "fine" end),
  path("fail/", function() error(exceptions.KeyError "no such key") end),
  path("none/", function() error(http.Http404 "nothing") end),
  path("stream/", function()
    local n = 0
    return http.StreamingResponse(function()
      n = n + 1
      if n > 3 then return nil end
      fiber.sleep(0.01)
      notes.add("chunk " .. n)
      return "chunk " .. n
    end)
  end),
  handler404 = function() error "the page of a 404 fails" end,
}
