-- SPDX-License-Identifier: MIT
local db = require "perilune.db"
local http = require "perilune.http"
local models = require "perilune.models"
local time = require "perilune.time"
local Account, Entry = require("shop.models").Account, require("shop.models").Entry
local F = models.F

local M = {}

-- ---- ways to write `number` ----

local ways = {}

-- Reads an account, then changes it: no update may be lost.
function ways.save(number, account)
  db.atomic(function()
    account = Account.objects:select_for_update():get { pk = account.pk }
    Entry.objects:create { account = account, number = number, amount = number % 7 }
    account.entries = account.entries + 1
    account.total = account.total + number % 7
    account:save()
  end)
end

-- The database counts.
function ways.update(number, account)
  db.atomic(function()
    Entry({ account = account, number = number, amount = number % 7 }):save()
    Account.objects:filter({ pk = account.pk }):update { entries = F "entries" + 1, total = F "total" + number % 7 }
  end)
end

-- Waits in the middle of its transaction.
function ways.wait(number, account)
  db.atomic(function()
    local entry = Entry.objects:create { account = account, number = number, amount = 0 }
    time.sleep(0.001)
    entry.amount = number % 7
    entry:save { update_fields = { "amount" } }
    Account.objects:filter({ pk = account.pk }):update { entries = F "entries" + 1, total = F "total" + number % 7 }
  end)
end

function ways.bulk(number, account)
  db.atomic(function()
    local list = Entry.objects:bulk_create { Entry { account = account, number = number, amount = 0 }, Entry { account = account, number = -number, amount = 0 } }
    list[1].amount, list[2].amount = number % 7, 0
    Entry.objects:bulk_update(list, { "amount" })
    Account.objects:filter({ pk = account.pk }):update { entries = F "entries" + 2, total = F "total" + number % 7 }
  end)
end

function ways.get_or_create(number, account)
  db.atomic(function()
    local _, created = Entry.objects:get_or_create { number = number, defaults = { account = account, amount = number % 7 } }
    assert(created, "it was there")
    Account.objects:filter({ pk = account.pk }):update { entries = F "entries" + 1, total = F "total" + number % 7 }
  end)
end

local order = { "save", "update", "wait", "bulk", "get_or_create" }

-- Some write to one account, others to theirs.
local function account_of(number)
  return Account.objects:get_or_create { name = "account " .. number % 5 }
end

function M.write(_, params)
  local how = ways[params.how] and params.how or order[params.number % #order + 1]
  ways[how](params.number, (account_of(params.number)))
  return http.JsonResponse { number = params.number, how = how }
end

return M
