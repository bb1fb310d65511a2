-- SPDX-License-Identifier: MIT
-- The views of ../../app on nothing but the functions of rawlua.c.
local raw = raw -- luacheck: ignore
local random = math.random

local M = {}

local function random_id()
  return random(10000)
end

local function as_table(world)
  return { id = world.id, randomNumber = world.randomnumber }
end

function M.json()
  raw.json { message = "Hello, World!" }
end

function M.db()
  raw.json(as_table(raw.get { pk = random_id() }))
end

function M.queries(n)
  local rows = {}
  raw.begin(false)
  for i = 1, n do
    rows[i] = as_table(raw.get { pk = random_id() })
  end
  raw.commit()
  raw.json(rows)
end

function M.updates(n)
  local worlds, rows = {}, {}
  raw.begin(true)
  for i = 1, n do
    local world = raw.get { pk = random_id() }
    world.randomnumber = random_id()
    worlds[i], rows[i] = world, as_table(world)
  end
  raw.update(worlds)
  raw.commit()
  raw.json(rows)
end

function M.cached(n)
  local wanted = {}
  for i = 1, n do
    wanted[i] = random_id()
  end
  raw.json(raw.kept(wanted))
end

local function by_message(a, b)
  return a.message < b.message
end

function M.fortunes()
  local fortunes = raw.fortunes()
  fortunes[#fortunes + 1] = { id = 0, message = "Additional fortune added at request time." }
  table.sort(fortunes, by_message)
  raw.render(fortunes)
end

return M
