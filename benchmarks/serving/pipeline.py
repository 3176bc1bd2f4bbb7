"""The model as it is usually built: a pandas and scikit-learn pipeline over the nineteen fields."""

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

ADD_ONS = ["OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies"]
CATEGORIES = [
    *["gender", "SeniorCitizen", "Partner", "Dependents", "PhoneService", "MultipleLines", "InternetService", *ADD_ONS],
    *["Contract", "PaperlessBilling", "PaymentMethod", "TenureGroup"],
]
NUMBERS = [
    *["tenure", "MonthlyCharges", "TotalCharges", "AvgChargePerMonth", "LogTenure", "MtMxLogTenure", "TenureLE1"],
    *["TwoYearxLogTenure", "NoSecNoSupport", "StreamNoProt", "StreamxFiber", "MultiLinesxFiber", "NumAddOns"],
    *["AutoPay", "ChargeDrift"],
]


def engineer(table: pd.DataFrame) -> pd.DataFrame:
    """The data set's fields, and the columns derived from them."""
    t = table.copy()
    fiber, month = t["InternetService"] == "Fiber optic", t["Contract"] == "Month-to-month"
    streams = (t["StreamingTV"] == "Yes").astype(int) + (t["StreamingMovies"] == "Yes").astype(int)
    protected = (t[["OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport"]] == "Yes").any(axis=1)
    secured = (t[["OnlineSecurity", "TechSupport"]] == "Yes").any(axis=1)
    t["AvgChargePerMonth"] = t["TotalCharges"] / (t["tenure"] + 1)
    t["TenureGroup"] = pd.cut(t["tenure"], [-1, 12, 24, 48, 1000], labels=["0-1", "1-2", "2-4", "4+"]).astype(str)
    t["LogTenure"] = np.log1p(t["tenure"])
    t["MtMxLogTenure"] = month * t["LogTenure"]
    t["TenureLE1"] = (t["tenure"] <= 1).astype(int)
    t["TwoYearxLogTenure"] = (t["Contract"] == "Two year") * t["LogTenure"]
    t["NoSecNoSupport"] = ((t["InternetService"] != "No") & ~secured).astype(int)
    t["StreamNoProt"] = ((streams > 0) & ~protected).astype(int)
    t["StreamxFiber"] = streams * fiber
    t["MultiLinesxFiber"] = ((t["MultipleLines"] == "Yes") & fiber).astype(int)
    t["NumAddOns"] = (t[ADD_ONS] == "Yes").sum(axis=1)
    t["AutoPay"] = t["PaymentMethod"].str.contains("automatic").astype(int)
    t["ChargeDrift"] = np.where(t["tenure"] > 0, t["MonthlyCharges"] - t["TotalCharges"] / t["tenure"].clip(lower=1), 0)
    return t


def build(model: ClassifierMixin) -> Pipeline:
    """The unfitted pipeline, with `model` over the product's 45 columns."""
    encoder = make_column_transformer(
        (OneHotEncoder(drop="first", sparse_output=False), CATEGORIES),
        ("passthrough", NUMBERS),
        verbose_feature_names_out=False,
    )
    return make_pipeline(FunctionTransformer(engineer), encoder, StandardScaler(), model)
