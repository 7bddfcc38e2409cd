import TachoGeo
