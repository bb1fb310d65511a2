-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local db = require "perilune.db"
local fiber = require "perilune.fiber"
local http = require "perilune.http"

local M = {}

local other = { using = "other" }

-- One row in a transaction that waits in its middle.
function M.write(_, params)
  db.atomic(function()
    db.execute("INSERT INTO t (n) VALUES (?)", { params.n })
    fiber.sleep(0.001)
    db.execute("UPDATE total SET n = n + 1")
  end)
  return http.JsonResponse { n = params.n }
end

function M.count()
  return http.JsonResponse { rows = db.query("SELECT count(*) AS n FROM t")[1].n, total = db.query("SELECT n FROM total")[1].n }
end

function M.reads()
  local before = db.connection():stats().snapshots
  for _ = 1, 20 do
    db.query "SELECT n FROM total"
  end
  return http.JsonResponse { shared = db.connection():stats().snapshots - before <= 1 }
end

-- A new number, committed first and then told to all workers.
function M.publish()
  local n = db.atomic(function()
    db.execute "UPDATE total SET n = n + 1"
    return db.query("SELECT n FROM total")[1].n
  end)
  cache:set("published", n)
  return http.JsonResponse { n = n }
end

-- What was told must be there to be read.
function M.published()
  local stale, told = 0, nil
  for _ = 1, 300 do
    told = cache:get("published", 0)
    if db.query("SELECT n FROM total")[1].n < told then
      stale = stale + 1
    end
  end
  return http.JsonResponse { stale = stale, told = told }
end

function M.broken()
  db.query("SELECT * FROM nowhere WHERE card = ?", { "4111-1111" })
end

function M.atomic(_, params)
  db.execute("INSERT INTO o VALUES (?)", { params.how }, other)
  if params.how == "raise" then
    error "no"
  end
  return http.JsonResponse { inside = db.in_atomic(other), default = db.in_atomic() }
end

M.exempt = db.non_atomic_requests(function()
  db.execute("INSERT INTO o VALUES ('exempt')", nil, other)
  error "after it was written"
end, other)

function M.others()
  local list = {}
  for row in db.query("SELECT how FROM o ORDER BY rowid", nil, other) do
    list[#list + 1] = row.how
  end
  return http.JsonResponse { list = list }
end

-- A streamed response reads when the view has long returned.
function M.leaves_open()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    if n > 3 then
      return nil
    end
    fiber.sleep(0.001)
    return db.query("SELECT ? AS n", { n })[1].n .. ";"
  end)
end

function M.queries()
  db.query("SELECT ? AS n", { 7 })
  return http.JsonResponse { queries = db.queries }
end

return M
