-- SPDX-License-Identifier: MIT
-- The context of the page: the same that data.py makes.
local products = {}
for i = 1, 1000 do
  products[i] = {
    slug = ("Product-%d"):format(i),
    name = ("Product %d <b>& co</b> with a long name"):format(i):sub(1, 14 + i % 20),
    maker = i % 7 == 0 and "" or ("Maker & Sons %d"):format(i % 50),
    price = i * 1.25,
    tags = { "tag" .. i % 3, "<new>", "x" .. i },
    stock = i % 17,
  }
end
return { title = "Products & prices", owner = "Nobody <nobody@example.com>", products = products }
