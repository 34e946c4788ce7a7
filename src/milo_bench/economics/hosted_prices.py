"""A hosted model, its provider and a day in, its published price out; from the data of genai-prices, no network."""

from __future__ import annotations

from datetime import UTC, date, datetime

from milo_bench.core.errors import DataError
from milo_bench.core.records import Price
from milo_bench.core.suggest import hint_for


def hosted_price(model: str, provider: str, as_of: date) -> Price:
    """US dollars for a million tokens of input and of output on ``as_of``, uncached, at the lowest tier.

    Raises DataError with the nearest spelling for a provider or model that genai-prices does not know.
    """
    import genai_prices
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    known = {known.id: known for known in snapshot.providers}
    if provider not in known:
        message = f"genai-prices has no provider '{provider[:60]}'."
        raise DataError(message, hint=hint_for(provider, known, noun="providers"))
    at = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC)
    try:
        # One thousand of each: small enough for the lowest tier of prices that rise with the prompt.
        price = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1_000, output_tokens=1_000),
            model,
            provider_id=provider,
            genai_request_timestamp=at,
        )
    except LookupError:
        message = f"genai-prices has no model '{model[:60]}' of {provider}."
        raise DataError(
            message, hint=hint_for(model, [one.id for one in known[provider].models], noun="models")
        ) from None
    source = f"genai-prices {genai_prices.__version__}, {price.provider.id} {price.model.id}, {as_of.isoformat()}"
    return Price(float(price.input_price) * 1_000, float(price.output_price) * 1_000, source)
