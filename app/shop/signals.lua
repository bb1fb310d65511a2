-- SPDX-License-Identifier: MIT
-- What happens beside a save: the log of changes, stock, and what has to leave the caches.
-- Everything here runs in the transaction of the save that caused it; caches are told when
-- it has been committed, so that nobody fills them with what is about to change.
local audit = require "shop.audit"
local forget = require("shop.catalog").forget
local models = require "shop.models"
local signals = require "perilune.signals"
local stock = require "shop.stock"

local M = {}

--- Sent when an order has been paid for; event.order.
M.order_paid = signals.Signal { name = "order_paid" }

-- ---- the log of changes ----

for _, name in ipairs { "Category", "Product", "Order", "Review" } do
  local model = models[name]
  signals.pre_save:connect(audit.remember, { sender = model, dispatch_uid = "audit_remember" })
  signals.post_save:connect(audit.saved, { sender = model, dispatch_uid = "audit_saved" })
  signals.post_delete:connect(audit.deleted, { sender = model, dispatch_uid = "audit_deleted" })
end

-- ---- stock ----

-- An order that becomes paid takes its goods off the shelf; one that is cancelled
-- afterwards puts them back.
signals.post_save:connect(function(_, event)
  local order = event.instance
  local before = audit.before(order)
  if event.created or event.raw or not before or before.status == order.status then
    return
  end
  if before.status == "pending" and order.status == "paid" then
    stock.take(order)
    M.order_paid:send(models.Order, { order = order })
  elseif order.status == "cancelled" and before.status ~= "pending" then
    stock.put_back(order)
  end
end, { sender = models.Order, dispatch_uid = "order_stock" })

-- ---- caches ----

-- Tags of everything that shows the instance. A change of a product's category touches both.
local tags_of = {
  Product = function(product, before)
    local tags = { "products", "product:" .. product.pk, "category:" .. product.category_id }
    if before and before.category_id ~= product.category_id then
      tags[#tags + 1] = "category:" .. before.category_id
    end
    return tags
  end,
  Category = function(category)
    return { "products", "categories", "category:" .. category.pk }
  end,
  Review = function(review)
    return { "product:" .. review.product_id }
  end,
  Order = function()
    return { "reports" }
  end,
}

local function invalidate(sender, event)
  forget(table.unpack(tags_of[sender._meta.object_name](event.instance, audit.before(event.instance))))
end

for name in pairs(tags_of) do
  signals.receiver({ signals.post_save, signals.post_delete }, { sender = models[name], dispatch_uid = "invalidate_caches" }, invalidate)
end

-- What is written for many rows at once names no instance: everything that shows products goes.
-- Counters alone are not shown in lists; who takes stock tells of the product (shop/stock.lua).
local COUNTERS = { stock_quantity = true, view_count = true }

signals.receiver({ signals.post_bulk_create, signals.post_bulk_update, signals.post_queryset_update }, { sender = models.Product, dispatch_uid = "invalidate_many" }, function(_, event)
  local shown = event.values == nil
  for name in pairs(event.values or {}) do
    shown = shown or not COUNTERS[name]
  end
  if shown then
    forget("products", "categories")
  end
end)

return M
