-- SPDX-License-Identifier: MIT
-- A server on a free port, in this process: what it answers sees the rows of the test.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune._test.settings"
local testing = require "perilune._testing"

local M = {}

--- Runs fn(url) while a server answers on url, "http://127.0.0.1:43210"; gives what fn gives.
--- Requests come from perilune.http.client or another program; fn must not keep the process
--- from answering: a program that it starts is waited for in the background.
function M.live_server(fn)
  if type(fn) ~= "function" then
    error(exceptions.TypeError(("test.live_server takes a function, not a %s"):format(type(fn))), 2)
  end
  local hosts = require("perilune.settings").allowed_hosts
  hosts = table.move(hosts, 1, #hosts, 1, {})
  hosts[#hosts + 1] = "127.0.0.1"
  hosts[#hosts + 1] = "localhost"
  local undo = settings.push { allowed_hosts = hosts }
  require("perilune._project").ready()
  local ok, server, port = core.call(testing.serve)
  if not ok then
    undo()
    error(server, 0)
  end
  local result = table.pack(core.call(fn, ("http://127.0.0.1:%d"):format(port)))
  local ended = testing.end_serving(server)
  undo()
  if not result[1] then
    error(result[2], 0)
  elseif not ended then
    error(exceptions.TimeoutError "test.live_server: a request has not ended for five seconds", 2)
  end
  return table.unpack(result, 2, result.n)
end

return M
