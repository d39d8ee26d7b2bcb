# A client that is not ours, on Debian's python3-httpx and python3-h2: GET of one URL, by HTTP/2 with prior knowledge;
# the body on stdout, exit 1 where that fails.
import sys

import httpx

with httpx.Client(http1=False, http2=True, timeout=2) as client:
    response = client.get(sys.argv[1])
    response.raise_for_status()
    sys.stdout.buffer.write(response.content)
