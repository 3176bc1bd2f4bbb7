"""The usual way to serve a model: FastAPI, pydantic, a DataFrame for each request, a scikit-learn pipeline.

It unpickles, as such services do and the product never does: the pipeline that benchmarks/serving/stage.py has written.
"""

import os
from typing import Literal

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, Field

YesNo = Literal["Yes", "No"]
AddOn = Literal["Yes", "No", "No internet service"]


class Customer(BaseModel):
    """A complete customer, as pydantic checks it."""

    customerID: str | None = None  # noqa: N815
    gender: Literal["Female", "Male"]
    SeniorCitizen: Literal[0, 1]
    Partner: YesNo
    Dependents: YesNo
    tenure: int = Field(ge=0, le=100)
    PhoneService: YesNo
    MultipleLines: Literal["Yes", "No", "No phone service"]
    InternetService: Literal["DSL", "Fiber optic", "No"]
    OnlineSecurity: AddOn
    OnlineBackup: AddOn
    DeviceProtection: AddOn
    TechSupport: AddOn
    StreamingTV: AddOn
    StreamingMovies: AddOn
    Contract: Literal["Month-to-month", "One year", "Two year"]
    PaperlessBilling: YesNo
    PaymentMethod: Literal["Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check"]
    MonthlyCharges: float = Field(ge=0, le=200)
    TotalCharges: float = Field(ge=0, le=20_000)


class Batch(BaseModel):
    """The body of a batch request."""

    customers: list[Customer]


def create_app() -> FastAPI:
    """The app over the pickled pipeline that the variable PIPELINE names."""
    app, pipeline = FastAPI(), joblib.load(os.environ["PIPELINE"])

    def score(customers: list[Customer]) -> list[dict[str, object]]:
        table = pd.DataFrame([customer.model_dump() for customer in customers])
        return [
            {"prediction": "Yes" if p >= 0.5 else "No", "churn_probability": p}
            for p in pipeline.predict_proba(table)[:, 1].tolist()
        ]

    @app.post("/predict")
    def predict(customer: Customer) -> dict[str, object]:
        return score([customer])[0]

    @app.post("/batch_predict")
    def predict_batch(batch: Batch) -> dict[str, object]:
        return {"predictions": score(batch.customers)}

    return app
