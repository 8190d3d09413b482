"""The surface of the test harness, `/__admin`: guard, checks of input, problem details, search, routes, the page.

It may import `web` and everything below it, and never `api`: the names of the API's operations are handed in. Rules
and answers of the vendor's API do not belong here, nor records that an environment has to keep.
"""
