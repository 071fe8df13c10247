"""What can be traded in a bank against its currency."""

_ASSETS = """
    ADA AVAX BCH BTC DAI DOGE ETH LINK LTC MATIC PYUSD SOL UNI USDC USDC_BASE USDC_POL USDC_SOL USDC_STE USDT
    USDT_SOL USDT_TRX XLM XRP
"""

TRADED_ASSETS = frozenset(_ASSETS.split())
