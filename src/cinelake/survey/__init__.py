"""What lies in the lake, by layer, dataset and date."""

from cinelake.survey.run import Entry, SurveyOptions, SurveyResult, survey_lake

__all__ = ["Entry", "SurveyOptions", "SurveyResult", "survey_lake"]
