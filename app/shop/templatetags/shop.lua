-- SPDX-License-Identifier: MIT
-- {% load shop %}: money, stars, charts and pictures. Charts and pictures are SVG with
-- attributes only, so that the strictest content security policy lets them through.
local decimal = require "perilune.decimal"
local html = require "perilune.utils.html"
local template = require "perilune.template"

local register = template.Library()

-- 1234567 as "1,234,567".
local function grouped(digits)
  local first = #digits % 3
  local parts = { first > 0 and digits:sub(1, first) or nil }
  for i = first + 1, #digits, 3 do
    parts[#parts + 1] = digits:sub(i, i + 2)
  end
  return table.concat(parts, ",")
end

local function money(value)
  if value == nil or value == "" then
    return ""
  end
  local text = tostring((decimal.is(value) and value or decimal(tostring(value))):quantize "0.01")
  local sign, whole, cents = text:match "^(-?)(%d+)%.(%d+)$"
  return ("%s$%s.%s"):format(sign, grouped(whole), cents)
end

--- {{ product.price|money }}: $1,234.50
register:filter("money", money)

--- {{ review.rating|stars }}: ★★★★☆
register:filter("stars", function(rating)
  local n = math.floor((tonumber(tostring(rating)) or 0) + 0.5)
  n = math.max(0, math.min(5, n))
  return ("★"):rep(n) .. ("☆"):rep(5 - n)
end)

-- ---- charts ----

local WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 240, 64, 28, 12

-- The next round number upwards: 1, 2 or 5 and zeros.
local function round_up(value)
  local power = 10 ^ math.floor(math.log(value, 10))
  for _, step in ipairs { 1, 2, 5, 10 } do
    if value <= step * power then
      return step * power
    end
  end
end

local function short(value)
  if value >= 1000000 then
    return ("%.3gM"):format(value / 1000000)
  elseif value >= 1000 then
    return ("%.3gk"):format(value / 1000)
  end
  return ("%.3g"):format(value)
end

--- {% bar_chart rows "label" "value" title="Sales" %}: a bar for each row. `label` and `value` name
--- fields of the rows.
register:simple_tag("bar_chart", function(rows, label, value, title)
  local bars, most = {}, 0
  for i, row in ipairs(rows) do
    local v = tonumber(tostring(row[value] or 0)) or 0
    bars[i] = { label = tostring(row[label] or ""), value = v }
    most = math.max(most, v)
  end
  if #bars == 0 or most == 0 then
    return template.safe '<p class="empty">Nothing to show yet.</p>'
  end
  local top = round_up(most)
  local plot_w, plot_h = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
  title = html.escape(title or "Chart")
  local out = { ('<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s"><title>%s</title>'):format(WIDTH, HEIGHT, title, title) }
  for i = 0, 4 do
    local y = TOP + plot_h * (1 - i / 4)
    out[#out + 1] = ('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>'):format(LEFT, WIDTH, y, y, LEFT - 8, y + 4, short(top * i / 4))
  end
  local slot = plot_w / #bars
  local every = math.ceil(#bars * 56 / plot_w) -- labels that have room
  for i, bar in ipairs(bars) do
    local h = plot_h * bar.value / top
    local x = LEFT + slot * (i - 1) + slot * 0.14
    local name = html.escape(bar.label)
    out[#out + 1] = ('<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="3"><title>%s: %s</title></rect>'):format(x, TOP + plot_h - h, slot * 0.72, h, name, short(bar.value))
    if (i - 1) % every == 0 then
      out[#out + 1] = ('<text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>'):format(x + slot * 0.36, HEIGHT - 8, name)
    end
  end
  out[#out + 1] = "</svg>"
  return template.safe(table.concat(out))
end)

-- ---- pictures ----

-- A few numbers that are a product's own, always the same.
local function numbers(seed)
  local state = seed * 2654435761 % 2 ^ 32 // 1 | 0
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n
  end
end

--- {% product_art product.id %}: a picture, drawn from the number, for what has no photograph.
register:simple_tag("product_art", function(id)
  local random = numbers(math.tointeger(id) or 1)
  local hue = random(360)
  local other = (hue + 40 + random(120)) % 360
  local out = { ('<svg class="art" viewBox="0 0 160 120" aria-hidden="true"><rect width="160" height="120" fill="hsl(%d 45%% 22%%)"/>'):format(hue) }
  for _ = 1, 14 do
    out[#out + 1] = ('<circle cx="%d" cy="%d" r="%.1f" fill="hsl(%d 60%% 85%%)"/>'):format(random(160), random(120), 0.5 + random(10) / 10, other)
  end
  local x, y, r = 45 + random(70), 45 + random(35), 20 + random(18)
  out[#out + 1] = ('<circle cx="%d" cy="%d" r="%d" fill="hsl(%d 65%% 62%%)"/>'):format(x, y, r, other)
  for _ = 1, 3 do
    out[#out + 1] = ('<circle cx="%d" cy="%d" r="%d" fill="hsl(%d 55%% 52%%)"/>'):format(x - r // 2 + random(r), y - r // 2 + random(r), 2 + random(r // 4), other)
  end
  if random(2) == 0 then
    out[#out + 1] = ('<ellipse cx="%d" cy="%d" rx="%d" ry="%d" fill="none" stroke="hsl(%d 70%% 78%%)" stroke-width="3" transform="rotate(-%d %d %d)"/>'):format(x, y, r + 16, r // 3, hue, 10 + random(25), x, y)
  end
  out[#out + 1] = "</svg>"
  return template.safe(table.concat(out))
end)

return register
