"""The app: pages over one published release. It reads released tables only and computes nothing about a person."""
