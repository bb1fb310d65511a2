-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local db = require "perilune.db"
local http = require "perilune.http"
local models = require "bench.models"
local Response, JsonResponse = http.Response, http.JsonResponse
local World, Fortune = models.World, models.Fortune
local random = math.random

local M = {}

local function random_id()
  return random(10000)
end

local function count(request, name)
  local n = math.tointeger(tonumber(request.GET[name or "queries"])) or 1
  return n < 1 and 1 or n > 500 and 500 or n
end

local function as_table(world)
  return { id = world.id, randomNumber = world.randomnumber }
end

function M.plaintext()
  return Response("Hello, World!", { content_type = "text/plain" })
end

function M.json()
  return JsonResponse { message = "Hello, World!" }
end

--- One row by its key.
function M.db()
  return JsonResponse(as_table(World.objects:get { pk = random_id() }))
end

--- Some rows, one query each.
function M.queries(request)
  local rows = {}
  for i = 1, count(request) do
    rows[i] = as_table(World.objects:get { pk = random_id() })
  end
  return JsonResponse(rows)
end

--- Some rows, read and changed, written in one statement.
function M.updates(request)
  local worlds, rows = {}, {}
  db.atomic(function()
    for i = 1, count(request) do
      local world = World.objects:get { pk = random_id() }
      world.randomnumber = random_id()
      worlds[i], rows[i] = world, as_table(world)
    end
    World.objects:bulk_update(worlds, { "randomnumber" })
  end)
  return JsonResponse(rows)
end

local keys = {}
for i = 1, 10000 do
  keys[i] = "world:" .. i
end

-- All rows into the cache, for all workers.
local function fill()
  for _, world in ipairs(World.objects:all():to_list()) do
    cache:set(keys[world.id], as_table(world), cache.forever)
  end
end

--- Some rows out of the cache.
function M.cached(request)
  local rows = {}
  for i = 1, count(request, "count") do
    local key = keys[random_id()]
    local row = cache:get(key)
    if not row then
      fill()
      row = cache:get(key)
    end
    rows[i] = row
  end
  return JsonResponse(rows)
end

local function by_message(a, b)
  return a.message < b.message
end

--- All fortunes and one more, sorted, as a page.
function M.fortunes(request)
  local fortunes = Fortune.objects:all():to_list()
  fortunes[#fortunes + 1] = Fortune { id = 0, message = "Additional fortune added at request time." }
  table.sort(fortunes, by_message)
  return http.render(request, "fortunes.html", { fortunes = fortunes })
end

return M
