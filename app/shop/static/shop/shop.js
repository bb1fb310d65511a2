// SPDX-License-Identifier: MIT
// The number of pieces in the cart, in the page's head. The pages themselves are the same for
// everybody.
const count = /(?:^|; )cart_count=(\d+)/.exec(document.cookie);
const link = document.querySelector("[data-cart]");
if (count && link) {
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.textContent = count[1];
  link.append(badge);
}
