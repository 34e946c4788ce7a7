"""One request on its way: asked, judged, sent on, and answered as the routing table says."""
