-- SPDX-License-Identifier: MIT
-- `perilune seed_data`: products, orders and reviews to look at, the same for the same --seed.
local cache = require "perilune.cache"
local commands = require "perilune.commands"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local models = require "shop.models"
local text = require "perilune.utils.text"
local time = require "perilune.time"

local BATCH = 2000

-- Categories, and what is in them.
local CATEGORIES = {
  { "Lamps", { "Lantern", "Beacon", "Torch", "Floodlight" } },
  { "Clothing", { "Boot", "Glove", "Scarf", "Overall" } },
  { "Instruments", { "Sextant", "Compass", "Barometer", "Telescope" } },
  { "Maps", { "Chart", "Atlas", "Globe", "Star Wheel" } },
  { "Shelters", { "Tent", "Blanket", "Hammock", "Airlock" } },
  { "Provisions", { "Ration", "Flask", "Stove", "Tea Chest" } },
  { "Tools", { "Wrench", "Drill", "Rope", "Sledge" } },
  { "Keepsakes", { "Medal", "Whistle", "Moon Rock", "Postcard" } },
}
local FIRST = { "Lunar", "Crater", "Orbit", "Silent", "Dusty", "Bright", "Polar", "Basalt", "Tidal", "Hollow", "Solar", "Deep", "Silver", "Drifting", "Distant", "Brave" }
local THIRD = { "Mk II", "Classic", "Light", "Pro", "Junior", "for Two", "Deluxe", "XL" }
local PEOPLE = { "Ada", "Buzz", "Carl", "Dora", "Emil", "Fumiko", "Grace", "Hugo", "Ines", "Jules", "Katherine", "Leo", "Mae", "Neil", "Olga", "Pete" }
local PRAISE = { "Works in the dark.", "Smaller than I thought.", "Survived a landing.", "My third one.", "Dust gets in.", "A gift that was liked.", "Good value.", "Would buy again." }
local STATUSES = { "pending", "paid", "paid", "shipped", "delivered", "delivered", "delivered", "cancelled" }
local ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

-- Numbers that are the same on every machine, whatever Lua's own generator does.
local function generator(seed)
  local state = seed * 2 + 1
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end

local function pick(random, list)
  return list[random(#list)]
end

local function cents(n)
  return decimal(("%d.%02d"):format(n // 100, n % 100))
end

-- Makes n instances with make(i) and writes them in batches.
local function fill(model, n, bar, make)
  local rows = {}
  for i = 1, n do
    rows[#rows + 1] = make(i)
    if #rows == BATCH or i == n then
      model.objects:bulk_create(rows)
      bar:step(#rows)
      rows = {}
    end
  end
end

local function make_categories()
  local made = {}
  for i, category in ipairs(CATEGORIES) do
    made[i] = models.Category.objects:get_or_create { slug = text.slugify(category[1]), defaults = { name = category[1] } }
  end
  return made
end

local function make_products(n, random, categories, bar)
  local first = models.Product.objects:count()
  local now = time.now()
  fill(models.Product, n, bar, function(i)
    local kind = random(#CATEGORIES)
    local name = ("%s %s %s"):format(pick(random, FIRST), pick(random, CATEGORIES[kind][2]), pick(random, THIRD))
    return models.Product {
      name = name,
      slug = ("%s-%d"):format(text.slugify(name), first + i),
      category = categories[kind],
      description = ("%s %s It weighs %d grams on Earth and a sixth of that where it is needed."):format(pick(random, PRAISE), pick(random, PRAISE), random(4000)),
      price = cents(100 + random(300) * random(100)),
      stock_quantity = random(8) == 1 and random(4) - 1 or 20 + random(180),
      is_featured = random(20) == 1,
      view_count = random(500),
      created_at = now - time.timedelta { minutes = random(500000) },
    }
  end)
end

-- A name for each of so many people, whose orders come again and again.
local function customer(random)
  local who = random(#PEOPLE * 200)
  local name = PEOPLE[(who - 1) % #PEOPLE + 1]
  return name, ("%s%d@example.com"):format(name:lower(), (who - 1) // #PEOPLE), ("%d Crater Road"):format(who)
end

-- Twelve letters of which the first five count, so that no two are the same.
local function order_number(random, i)
  local letters = {}
  for k = 1, 12 do
    local at = k <= 5 and (i >> 5 * (5 - k) & 31) + 1 or random(32)
    letters[k] = ALPHABET:sub(at, at)
  end
  return table.concat(letters)
end

-- An order of the last year and its one to five items.
local function make_order(random, i, products, now)
  local name, email, address = customer(random)
  local order = models.Order {
    number = order_number(random, i),
    customer_name = name,
    customer_email = email,
    address = address,
    status = pick(random, STATUSES),
    created_at = now - time.timedelta { minutes = random(365 * 24 * 60) },
  }
  local items, taken, total = {}, {}, decimal "0"
  for _ = 1, random(5) do
    local product = pick(random, products)
    if not taken[product] then
      taken[product] = true
      local quantity = random(3)
      items[#items + 1] = models.OrderItem { product_id = product.pk, quantity = quantity, price = product.price }
      total = total + product.price * quantity
    end
  end
  order.total_amount = total
  return order, items
end

local function make_orders(n, random, products, bar)
  local now, first, made = time.now(), models.Order.objects:count(), 0
  while made < n do
    local orders, items_of, items = {}, {}, {}
    for i = 1, math.min(BATCH, n - made) do
      orders[i], items_of[i] = make_order(random, first + made + i, products, now)
    end
    models.Order.objects:bulk_create(orders)
    for i, order in ipairs(orders) do
      for _, item in ipairs(items_of[i]) do
        item.order_id = order.pk
        items[#items + 1] = item
      end
    end
    models.OrderItem.objects:bulk_create(items)
    made = made + #orders
    bar:step(#orders)
  end
end

local function make_reviews(n, random, products, bar)
  fill(models.Review, n, bar, function()
    local name = customer(random)
    return models.Review { product_id = pick(random, products).pk, author = name, rating = random(5), text = pick(random, PRAISE) }
  end)
end

local function clear()
  for _, name in ipairs { "AuditLog", "OrderItem", "Order", "Review", "Product", "Category" } do
    models[name].objects:all():delete()
  end
end

local function natural(given)
  local n = given:match "^%d+$" and math.tointeger(tonumber(given))
  if not n or n > 10000000 then
    return nil, "a whole number from 0 to 10,000,000"
  end
  return n
end

return {
  help = "Fills the shop with products, orders and reviews to look at.",
  arguments = {
    { "--products", type = natural, default = 200, help = "how many products" },
    { "--orders", type = natural, default = 1000, help = "how many orders, with one to five items each" },
    { "--seed", type = "int", default = 1, help = "another number gives other data" },
    { "--clear", flag = true, help = "delete everything of the shop first" },
    { "--if-empty", flag = true, help = "do nothing when there are products already" },
  },
  handle = function(options, command)
    if options.if_empty and models.Product.objects:exists() then
      return
    end
    local random = generator(options.seed)
    db.atomic(function()
      if options.clear then
        clear()
      end
      local reviews = options.products * 2
      local bar = command:progress(options.products + options.orders + reviews, "seed_data")
      make_products(options.products, random, make_categories(), bar)
      local products = models.Product.objects:only("id", "price"):order_by("id"):to_list()
      if #products == 0 and options.orders > 0 then
        error(commands.CommandError "orders need products: give --products, too")
      end
      make_orders(options.orders, random, products, bar)
      make_reviews(reviews, random, products, bar)
      bar:finish()
    end)
    cache:clear()
    if options.verbosity > 0 then
      command:write(command.style.success(("%d products, %d orders"):format(options.products, options.orders)))
    end
  end,
}
