-- SPDX-License-Identifier: MIT
-- The filters of the product list, from the address.
local catalog = require "shop.catalog"
local clean = require "shop.clean"
local exceptions = require "perilune.exceptions"

local M = {}

--- Filters of a QueryDict for catalog.products(); ValidationError for what makes no sense.
--- `category` is a slug there, and the category's row comes second.
function M.read(get)
  local filters = clean.all {
    q = function() return clean.text(get, "q", 100) end,
    min_price = function() return clean.money(get, "min_price") end,
    max_price = function() return clean.money(get, "max_price") end,
    in_stock = function() return clean.flag(get, "in_stock") end,
    featured = function() return clean.flag(get, "featured") end,
    sort = function() return clean.choice(get, "sort", catalog.ORDERS, "newest") end,
    category = function() return clean.text(get, "category", 100) end,
  }
  local category
  if filters.category then
    category = catalog.category(filters.category)
    if not category then
      error(exceptions.ValidationError { category = { "There is no such category." } })
    end
    filters.category = category.id
  end
  return filters, category
end

--- For a page: what makes no sense is left out instead, and told in the second table by field.
function M.read_kindly(get)
  local ok, filters, category = pcall(M.read, get)
  if ok then
    return filters, {}, category
  elseif not exceptions.is(filters, "ValidationError") then
    error(filters, 0)
  end
  return {}, filters.message_dict
end

return M
