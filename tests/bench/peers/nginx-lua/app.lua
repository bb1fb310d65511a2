-- SPDX-License-Identifier: MIT
local cjson = require "cjson"
local sql = require "sql"
local ngx = ngx
local random = math.random

local M = {}

local kept = {}

--- Once, in the worker: its connection, and what /cached-queries answers from.
function M.start(file)
  sql.open(file)
  math.randomseed(ngx.now() * 1000 + ngx.worker.pid())
  for id = 1, 10000 do
    kept[id] = sql.world(id)
  end
end

local function send(kind, body)
  ngx.header["Content-Type"] = kind
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

local function send_json(value)
  send("application/json", cjson.encode(value))
end

local function some(name, make)
  local n = math.floor(tonumber(ngx.req.get_uri_args()[name]) or 1)
  local list = {}
  for i = 1, math.min(500, math.max(1, n)) do
    list[i] = make()
  end
  return list
end

local function random_world()
  return sql.world(random(10000))
end

function M.plaintext()
  send("text/plain", "Hello, World!")
end

function M.json()
  send_json { message = "Hello, World!" }
end

function M.db()
  send_json(random_world())
end

function M.queries()
  send_json(some("queries", random_world))
end

function M.updates()
  sql.begin()
  local rows = some("queries", random_world)
  for _, row in ipairs(rows) do
    row.randomNumber = random(10000)
    sql.update(row.id, row.randomNumber)
  end
  sql.commit()
  send_json(rows)
end

function M.cached()
  send_json(some("count", function()
    return kept[random(10000)]
  end))
end

-- ---- the page ----

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#x27;" }

local function by_message(a, b)
  return a.message < b.message
end

function M.fortunes()
  local rows = sql.fortunes()
  rows[#rows + 1] = { id = 0, message = "Additional fortune added at request time." }
  table.sort(rows, by_message)
  local out, n = { "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>" }, 1
  for i = 1, #rows do
    out[n + 1], out[n + 2] = "<tr><td>", rows[i].id
    out[n + 3], out[n + 4] = "</td><td>", rows[i].message:gsub("[&<>\"']", entities)
    out[n + 5] = "</td></tr>"
    n = n + 5
  end
  out[n + 1] = "</table></body></html>"
  send("text/html; charset=utf-8", table.concat(out))
end

return M
