/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.html, as it was when this was built.
 */
#ifndef SW_DAEMON_PAGE_TEMPLATE_H
#define SW_DAEMON_PAGE_TEMPLATE_H

extern const char sw_page_template[]; /* NUL at the end */

#endif
